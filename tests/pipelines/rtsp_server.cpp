// SPDX-License-Identifier: Apache-2.0
// A real RTSP server on loopback that serves a moving test picture once: the tests' network camera.
//
//   rtsp_server SECONDS
//
// prints its URL on the first line and runs until killed.

#include <gst/rtsp-server/rtsp-server.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string launch_line(int seconds) {
  return "( videotestsrc is-live=true pattern=ball num-buffers=" + std::to_string(seconds * 15) +
         " ! video/x-raw,width=160,height=120,framerate=15/1 ! x264enc tune=zerolatency "
         "speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 )";
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 5;
  GstRTSPServer* server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, "127.0.0.1");
  gst_rtsp_server_set_service(server, "0");  // any free port
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server);
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(factory, launch_line(seconds).c_str());
  gst_rtsp_mount_points_add_factory(mounts, "/camera", factory);
  g_object_unref(mounts);
  if (gst_rtsp_server_attach(server, nullptr) == 0) {
    std::fprintf(stderr, "no port to listen on\n");
    return 1;
  }
  std::printf("rtsp://127.0.0.1:%d/camera\n", gst_rtsp_server_get_bound_port(server));
  std::fflush(stdout);
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  g_main_loop_run(loop);
  return 0;
}
