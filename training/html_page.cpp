// SPDX-License-Identifier: Apache-2.0
// What the reports have in common.
#include "html_page.h"

#include <glib.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "page_style.h"
#include "picture.h"

namespace novelty {
namespace {

constexpr int kPictureSide = 224;

std::string data_uri(const std::vector<std::uint8_t>& jpeg) {
  const std::unique_ptr<gchar, decltype(&g_free)> text(g_base64_encode(jpeg.data(), jpeg.size()),
                                                       g_free);
  return std::string("data:image/jpeg;base64,") + text.get();
}

std::string image_tag(std::span<const std::uint8_t> rgb, int side, const std::string& alt) {
  return "<img alt=\"" + escape(alt) + "\" src=\"" + data_uri(encode_jpeg(rgb, side, side)) + "\">";
}

}  // namespace

std::string escape(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else
      safe += c;
  }
  return safe;
}

std::string html_page(const std::string& title, const std::string& content) {
  return "<!doctype html><html lang=en><meta charset=utf-8>"
         "<meta name=viewport content='width=device-width'><title>" +
         escape(title) + "</title><style>" + std::string(kPageStyle) + "</style><main><h1>" +
         escape(title) + "</h1>" + content + "</main></html>\n";
}

std::string chart_card(const std::string& title, const std::string& svg) {
  return "<div class=card><h3>" + title + "</h3>" + svg + "</div>";
}

std::string figure_of(const ReportFrame& frame, const std::string& label, const std::string& note) {
  const auto heat = paint_heat(frame.rgb, frame.size, frame.map, frame.map_size, kPictureSide);
  return "<figure class=card><div>" + image_tag(frame.rgb, frame.size, label) +
         image_tag(heat, kPictureSide, label + ", heat map") + "</div><figcaption><i>" +
         escape(label) + "</i><span>" + escape(note) + "</span></figcaption></figure>";
}

}  // namespace novelty
