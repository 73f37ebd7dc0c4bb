// SPDX-License-Identifier: Apache-2.0
// What the reports have in common: one HTML file that needs nothing else, its style and pictures.
#pragma once

#include <string>

#include "novelty/trainer.h"

namespace novelty {

/// `text` as HTML text or the value of an attribute in double quotes.
std::string escape(const std::string& text);

/// A whole page: `content` below the title, both widths of screen, colours for the charts.
std::string html_page(const std::string& title, const std::string& content);

/// A chart with a heading.
std::string chart_card(const std::string& title, const std::string& svg);

/// The picture and, beside it, the picture with its anomaly map. label, note: plain text.
/// Throws: Error(kResource).
std::string figure_of(const ReportFrame& frame, const std::string& label, const std::string& note);

}  // namespace novelty
