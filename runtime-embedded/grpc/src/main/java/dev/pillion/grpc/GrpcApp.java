// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Message;
import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.Call;
import dev.pillion.runtime.AppConnection;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import io.grpc.MethodDescriptor;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program beside this one that serves Dapr's {@code AppCallback} on a port: what the app servers
 * of Dapr's SDKs do in their gRPC mode.
 *
 * <pre>{@code
 * var app = GrpcApp.onPort(3000);
 * var runtime = EmbeddedRuntime.builder("checkout").with(app).start();
 * }</pre>
 *
 * <p>The program may start before or after the runtime, and again while it lives. Traffic is not
 * encrypted. Thread-safe; one of these serves one runtime.
 */
public final class GrpcApp implements Extension {
  private static final Logger log = LoggerFactory.getLogger(GrpcApp.class);

  /** gRPC's own: at debug level it prints headers and bodies. */
  private static final String FRAME_LOGGER =
      "io.grpc.netty.shaded.io.grpc.netty.NettyClientHandler";

  private final GrpcTransport transport;
  private final AppChannel channel;

  private GrpcApp(AppOptions options) {
    this.transport = new GrpcTransport(options);
    this.channel = AppChannel.over(options, transport);
  }

  /** A program on this port of 127.0.0.1, with Dapr's defaults. */
  public static GrpcApp onPort(int port) {
    return at(AppOptions.onPort(port));
  }

  /** A program that listens and is treated as the options say. */
  public static GrpcApp at(AppOptions options) {
    return new GrpcApp(options);
  }

  /** The way to it. */
  public AppChannel channel() {
    return channel;
  }

  /**
   * Calls any rpc of the program's {@code AppCallback} services, under the rules of the channel.
   *
   * @throws AppStatusException when the program answers with an error
   */
  <Q extends Message, A extends Message> A call(
      Call call, MethodDescriptor<Q, A> method, Q request) {
    return channel.exchange(call, Map.of(), (headers, deadline) -> transport
        .calls()
        .run(method, request, headers, deadline)
        .success());
  }

  @Override
  public void configure(EmbeddedRuntime.Builder builder) {
    channel.configure(builder);
  }

  /** Begins to look for the program, and waits for nothing. */
  @Override
  public AutoCloseable start(EmbeddedRuntime runtime) {
    if (LoggerFactory.getLogger(FRAME_LOGGER).isDebugEnabled()) {
      log.warn("\"{}\" logs every request with its token and values: keep it off", FRAME_LOGGER);
    }
    return channel.start(runtime);
  }

  @Override
  public AppConnection appConnection() {
    return channel.appConnection();
  }
}
