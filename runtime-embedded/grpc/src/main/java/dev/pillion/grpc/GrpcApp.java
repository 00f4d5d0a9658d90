// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Message;
import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.Call;
import dev.pillion.invocation.grpc.GrpcProxy;
import dev.pillion.runtime.AppConnection;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import io.grpc.MethodDescriptor;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
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
 * <p>The program may start before or after the runtime, and again while it lives. Traffic is
 * encrypted to one that is reached by {@link #grpcs}. Thread-safe; one of these serves one runtime.
 */
public final class GrpcApp implements Extension {
  private static final Logger log = LoggerFactory.getLogger(GrpcApp.class);

  /** gRPC's own: at debug level it prints headers and bodies. */
  private static final String FRAME_LOGGER =
      "io.grpc.netty.shaded.io.grpc.netty.NettyClientHandler";

  private final GrpcTransport transport;
  private final AppChannel channel;

  private GrpcApp(AppOptions options, @Nullable AppTls tls) {
    this.transport = new GrpcTransport(options, tls);
    this.channel = AppChannel.over(options, transport);
  }

  /** A program on this port of 127.0.0.1, with Dapr's defaults. */
  public static GrpcApp onPort(int port) {
    return at(AppOptions.onPort(port));
  }

  /** A program that listens and is treated as the options say. */
  public static GrpcApp at(AppOptions options) {
    return new GrpcApp(options, null);
  }

  /**
   * A program that speaks gRPC over TLS. On this machine ({@link AppOptions#isLoopback}) its
   * certificate is <em>not</em> verified, as daprd does not; elsewhere it must be valid for the
   * host name, and trusted by the JVM.
   */
  public static GrpcApp grpcs(AppOptions options) {
    return new GrpcApp(options, options.isLoopback() ? AppTls.anyone() : AppTls.verifiedBy(null));
  }

  /**
   * The same with a certificate that is verified wherever the program runs, by the trust managers
   * of this context; its key managers show the program who calls.
   */
  public static GrpcApp grpcs(AppOptions options, SSLContext context) {
    return new GrpcApp(options, AppTls.verifiedBy(context));
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
    var opened = channel.start(runtime);
    var rpcs = new AppRpcs(channel, transport);
    var offered = runtime.peers().offer(rpcs);
    // Calls that peers pass on come by another port, which may be opened later.
    var beside = runtime.peers().offer(new GrpcProxy.Beside(rpcs));
    return () -> {
      beside.close();
      offered.close();
      opened.close();
    };
  }

  @Override
  public AppConnection appConnection() {
    return channel.appConnection();
  }
}
