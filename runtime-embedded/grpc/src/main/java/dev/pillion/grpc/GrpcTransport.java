// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.AppCallbackGrpc.getOnInvokeMethod;
import static dev.pillion.wire.runtime.v1.AppCallbackHealthCheckGrpc.getHealthCheckMethod;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.BuildingBlockException;
import dev.pillion.appchannel.AppEvents;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppTransport;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.grpc.Worker;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.InvokeRequest;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a channel asks of a program, in the words of {@code AppCallback}. */
final class GrpcTransport implements AppTransport {
  private static final Logger log = LoggerFactory.getLogger(GrpcApp.class);

  private final AppOptions options;
  private final @Nullable AppTls tls;
  private final AtomicBoolean toldOfNoHealthCheck = new AtomicBoolean();
  private final AppEvents events = new GrpcAppEvents(this);
  private volatile Runnable lost = () -> {};
  private volatile @Nullable AppCalls calls;

  /**
   * The way to a program.
   *
   * @param tls whom to believe; null without TLS
   */
  GrpcTransport(AppOptions options, @Nullable AppTls tls) {
    this.options = options;
    this.tls = tls;
  }

  @Override
  public String protocol() {
    return tls == null ? "grpc" : "grpcs";
  }

  @Override
  public void prepare() {
    WarmUp.begin();
  }

  @Override
  public void onLost(Runnable listener) {
    lost = listener;
  }

  @Override
  public void start(EmbeddedRuntime runtime) {
    calls = new AppCalls(options, new AppConnector(options, tls, runtime.appId(), lost));
  }

  AppCalls calls() {
    var started = calls;
    if (started == null) {
      throw new IllegalStateException(
          "the channel to the app at " + options.address() + " is not open");
    }
    return started;
  }

  @Override
  public InvocationResponse invoke(InvocationRequest request, Deadline deadline) {
    var message = message(request);
    // A peer may go away; the program is left to finish, and keeps its slot, as in Dapr.
    return Worker.detached(() ->
        calls().run(getOnInvokeMethod(), message, request.headers(), deadline).response());
  }

  private InvokeRequest message(InvocationRequest request) {
    byte[] body;
    try {
      body = request.body().bytes();
    } catch (IOException e) {
      throw new InvocationException(
          InvocationException.Reason.CLOSED,
          "the body of the request to the app at " + options.address() + " can't be read",
          e);
    }
    var message = InvokeRequest.newBuilder()
        .setMethod(request.method())
        .setContentType(request.contentType())
        // Nobody changes a request's body while it is sent.
        .setData(Any.newBuilder()
            .setTypeUrl(request.typeUrl())
            .setValue(UnsafeByteOperations.unsafeWrap(body)));
    var verb = verb(request.verb());
    if (verb != HTTPExtension.Verb.NONE || !request.query().isEmpty()) {
      message.setHttpExtension(
          HTTPExtension.newBuilder().setVerb(verb).setQuerystring(request.query()));
    }
    return message.build();
  }

  private static HTTPExtension.Verb verb(String verb) {
    try {
      return HTTPExtension.Verb.valueOf(verb.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      return HTTPExtension.Verb.NONE;
    }
  }

  @Override
  public AppEvents events() {
    return events;
  }

  @Override
  public boolean isListening(Deadline deadline) {
    long millis = TimeUnit.NANOSECONDS.toMillis(deadline.remainingNanos(Integer.MAX_VALUE));
    try (var socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(options.host(), options.port()), (int) Math.max(1, millis));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public boolean isHealthy(Deadline deadline) {
    var token = options.token();
    Map<String, List<String>> headers =
        token == null ? Map.of() : Map.of("dapr-api-token", List.of(token));
    try {
      var answer =
          calls().run(getHealthCheckMethod(), Empty.getDefaultInstance(), headers, deadline);
      if (answer.status().getCode() == Status.Code.UNIMPLEMENTED
          && toldOfNoHealthCheck.compareAndSet(false, true)) {
        log.warn(
            "the app at {} does not serve AppCallbackHealthCheck, so it counts as unhealthy, as in"
                + " Dapr: serve it, or leave the health check out",
            options.address());
      }
      return answer.status().isOk();
    } catch (BuildingBlockException | IllegalStateException e) {
      log.debug("the app at {} did not answer its health check", options.address(), e);
      return false;
    }
  }

  @Override
  public void close() {
    var started = calls;
    if (started != null) {
      started.close();
    }
  }
}
