// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which replica of an app in this JVM a call of a method of values is made at again. */
@Timeout(60)
class ReplicaRetriesTest {
  record Item(String name) {}

  private final InProcessNetwork network = InProcessNetwork.create();
  private final List<EmbeddedRuntime> runtimes = new ArrayList<>();
  private final List<String> ran = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    runtimes.forEach(EmbeddedRuntime::close);
  }

  private EmbeddedRuntime start(EmbeddedRuntime.Builder builder) {
    var runtime = builder.network(network).start();
    runtimes.add(runtime);
    return runtime;
  }

  private EmbeddedRuntime.Builder caller(EmbeddedRuntime.Builder builder, int retries) {
    return builder.resiliency(Resiliency.builder()
        .retry("some", RetryPolicy.constant(Duration.ofMillis(1)).maxRetries(retries))
        .app("orders", Target.withRetry("some"))
        .build());
  }

  private EmbeddedRuntime web(int retries) {
    return start(caller(EmbeddedRuntime.builder("web"), retries));
  }

  private EmbeddedRuntime orders() {
    return start(EmbeddedRuntime.builder("orders"));
  }

  /** A replica that is busy whenever it is asked. */
  private void busyReplica() {
    orders().method("find", Item.class, item -> {
      ran.add("busy " + item.name());
      throw new InvocationException(503, "busy");
    });
  }

  private static InvocationResponse text(int status, String text) {
    return InvocationResponse.of(status, Map.of(), "text/plain", text.getBytes(UTF_8));
  }

  @Test
  void theNextReplicaIsAsked() {
    busyReplica();
    orders().method("find", Item.class, item -> {
      ran.add("free " + item.name());
      return "found";
    });
    var client = web(1).app("orders");
    for (int i = 0; i < 3; i++) {
      assertThat(client.invoke("find", new Item("book"), String.class)).isEqualTo("found");
    }
    client.send("find", new Item("pen"));
    assertThat(ran)
        .containsExactly(
            "busy book",
            "free book",
            "busy book",
            "free book",
            "busy book",
            "free book",
            "busy pen",
            "free pen");
  }

  @Test
  void theTurnGoesRoundAndTheLastFailureIsTold() {
    busyReplica();
    busyReplica();
    busyReplica();
    var failure = catchThrowableOfType(
        InvocationException.class,
        () -> web(4).app("orders").invoke("find", new Item("book"), String.class));
    assertThat(failure.statusCode()).isEqualTo(503);
    assertThat(ran).hasSize(5);
  }

  @Test
  void theMethodOfTheNextReplicaMayTakeAnotherType() {
    busyReplica();
    orders().method("find", Map.class, map -> "found " + map.get("name"));
    var client = web(1).app("orders");
    assertThat(client.invoke("find", new Item("book"), String.class)).isEqualTo("found book");
  }

  @Test
  void theMethodOfTheNextReplicaMayTakeBytes() {
    busyReplica();
    orders().method("find", (request, invocation) -> {
      ran.add(request.contentType() + " " + new String(request.body().bytes(), UTF_8));
      return text(200, "found");
    });
    var client = web(1).app("orders");
    assertThat(client.invoke("find", new Item("book"), String.class)).isEqualTo("found");
    client.send("find", new Item("pen"));
    assertThat(ran)
        .containsExactly(
            "busy book",
            "application/json {\"name\":\"book\"}",
            "busy pen",
            "application/json {\"name\":\"pen\"}");
  }

  @Test
  void anErrorOfTheNextReplicaIsTheCallsWhateverItsMethodTakes() {
    busyReplica();
    orders().method("find", (request, invocation) -> text(404, "no such book"));
    var client = web(1).app("orders");
    for (ThrowingCall call : List.<ThrowingCall>of(
        () -> client.invoke("find", new Item("book"), String.class),
        () -> client.send("find", new Item("book")))) {
      var failure = catchThrowableOfType(InvocationException.class, call::run);
      assertThat(failure.reason()).isEqualTo(Reason.ANSWERED);
      assertThat(failure.statusCode()).isEqualTo(404);
      assertThat(failure.body()).asString(UTF_8).isEqualTo("no such book");
    }
  }

  private interface ThrowingCall {
    void run();
  }

  /** Closes a runtime when a call of it has been begun, and its replica chosen. */
  private static final class Closing implements CallInterceptor {
    private final EmbeddedRuntime closed;

    Closing(EmbeddedRuntime closed) {
      this.closed = closed;
    }

    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      closed.close();
      return next.run(call);
    }
  }

  @Test
  void aReplicaThatHasLeftIsNotAskedAgain() {
    var gone = orders();
    gone.method("find", Item.class, item -> "found by " + ran.add("gone"));
    orders().method("find", Item.class, item -> "found");
    var web = start(caller(EmbeddedRuntime.builder("web").interceptor(new Closing(gone)), 1));
    assertThat(web.app("orders").invoke("find", new Item("book"), String.class)).isEqualTo("found");
    assertThat(ran).isEmpty();
  }

  @Test
  void anAppThatHasLeftTheJvmIsLookedForOutside() {
    var world = new PeerWorld();
    try (var outside = world
        .builder("orders")
        .method("find", Item.class, item -> "found outside")
        .start()) {
      var gone = start(EmbeddedRuntime.builder("orders").namespace("default"));
      gone.method("find", Item.class, item -> "found by " + ran.add("gone"));
      var web = start(caller(world.builder("web").interceptor(new Closing(gone)), 1));
      assertThat(web.app("orders").invoke("find", new Item("book"), String.class))
          .as("%s", outside.appId())
          .isEqualTo("found outside");
    }
    assertThat(ran).isEmpty();
  }
}
