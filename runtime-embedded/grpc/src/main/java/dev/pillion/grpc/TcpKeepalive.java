// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioChannelOption;
import java.io.IOException;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashMap;
import java.util.Map;
import jdk.net.ExtendedSocketOptions;

/**
 * How the operating system looks whether the other side of a quiet connection is still there: after
 * 15 s of silence, and found dead 15 s later. Where a system can't be told so it looks when it
 * likes, mostly after two hours.
 */
final class TcpKeepalive {
  private static final Map<SocketOption<Integer>, Integer> OPTIONS = supported(Map.of(
      ExtendedSocketOptions.TCP_KEEPIDLE, 15,
      ExtendedSocketOptions.TCP_KEEPINTERVAL, 5,
      ExtendedSocketOptions.TCP_KEEPCOUNT, 3));

  private TcpKeepalive() {}

  private static Map<SocketOption<Integer>, Integer> supported(
      Map<SocketOption<Integer>, Integer> wanted) {
    var supported = new LinkedHashMap<>(wanted);
    try (var socket = SocketChannel.open()) {
      supported.keySet().retainAll(socket.supportedOptions());
    } catch (IOException e) {
      supported.clear();
    }
    return supported;
  }

  static void on(NettyChannelBuilder builder) {
    builder.withOption(ChannelOption.SO_KEEPALIVE, true);
    OPTIONS.forEach((option, value) -> builder.withOption(NioChannelOption.of(option), value));
  }
}
