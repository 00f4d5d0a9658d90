// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static org.awaitility.Awaitility.await;

import dev.pillion.HandlerRegistration;
import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.appchannel.AppState;
import dev.pillion.http.HttpApp;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.Topic;
import dev.pillion.pubsub.testkit.PubSubDoor;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.time.Duration;
import java.util.stream.Collectors;

/**
 * A runtime as the program beside it sees it: events come over the app channel. It publishes
 * through the runtime, as the channel is one way.
 */
final class AppDoor implements PubSubDoor {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** A busy machine must not make the program unwell: that takes five probes in a row. */
  private static final HealthCheck OFTEN =
      new HealthCheck("/healthz", Duration.ofMillis(100), Duration.ofMillis(100), 5);

  private final AppHandlers handlers;
  private final AutoCloseable program;
  private final AppChannel channel;
  private final EmbeddedRuntime runtime;

  private AppDoor(
      AppHandlers handlers, AutoCloseable program, AppChannel channel, EmbeddedRuntime runtime) {
    this.handlers = handlers;
    this.program = program;
    this.channel = channel;
    this.runtime = runtime;
    var unused = channel.onState(state -> {
      if (state == AppState.UNHEALTHY) {
        handlers.recover();
      }
    });
  }

  static AppDoor overGrpc(EmbeddedRuntime.Builder builder) throws IOException {
    var handlers = new AppHandlers();
    var program = new GrpcDoorProgram(handlers);
    var app = GrpcApp.at(AppOptions.onPort(program.port()).healthCheck(OFTEN));
    var runtime = builder.with(app).start();
    return new AppDoor(handlers, program, app.channel(), runtime);
  }

  static AppDoor overHttp(EmbeddedRuntime.Builder builder) throws IOException {
    var handlers = new AppHandlers();
    var program = new HttpDoorProgram(handlers);
    var channel = HttpApp.at(AppOptions.onPort(program.port()).healthCheck(OFTEN));
    var runtime = builder.with(channel).start();
    return new AppDoor(handlers, program, channel, runtime);
  }

  @Override
  public Topic topic(String topic) {
    await().atMost(PATIENCE).until(this::isSettled);
    return runtime.topic("bus", topic);
  }

  /** Whether the runtime has asked for all that the program subscribes to. */
  private boolean isSettled() {
    var app = runtime.describe().app();
    var wanted =
        handlers.all().stream().map(AppHandlers.Subscribed::topic).collect(Collectors.toSet());
    return app != null
        && handlers.isWell()
        && channel.state() == AppState.HEALTHY
        && app.subscriptions().stream()
            .map(one -> one.topic())
            .collect(Collectors.toSet())
            .equals(wanted);
  }

  @Override
  public HandlerRegistration subscribe(
      String topic, SubscribeOptions options, DeliveryHandler<byte[]> handler) {
    handlers.add(new AppHandlers.Subscribed(topic, options, handler));
    return new Registered();
  }

  /** A program's list has no handles. */
  private static final class Registered implements HandlerRegistration {
    @Override
    public void pause() {
      throw new UnsupportedOperationException("a program can't pause");
    }

    @Override
    public void resume() {
      throw new UnsupportedOperationException("a program can't pause");
    }

    @Override
    public void close() {
      throw new UnsupportedOperationException("a program's subscriptions end with it");
    }
  }

  @Override
  public void close() {
    runtime.close();
    try {
      program.close();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
