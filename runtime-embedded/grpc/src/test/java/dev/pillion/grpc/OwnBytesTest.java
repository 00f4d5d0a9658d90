// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.TypeRef;
import dev.pillion.invocation.AppClient;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.InvokeOptions;
import dev.pillion.invocation.engine.StaticNameResolver;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What either side of a call changes afterwards is its own, wherever the called app is. */
@Timeout(60)
class OwnBytesTest {
  private final InProcessNetwork network = InProcessNetwork.create();
  private final List<EmbeddedRuntime> runtimes = new ArrayList<>();
  private final PeerPort port = PeerPort.alone();

  /** Where the called app is. */
  enum Place {
    ITSELF,
    ANOTHER_OF_THIS_JVM,
    BEHIND_A_PORT
  }

  @AfterEach
  void close() {
    for (int i = runtimes.size() - 1; i >= 0; i--) {
      runtimes.get(i).close();
    }
  }

  private EmbeddedRuntime started(EmbeddedRuntime.Builder builder) {
    var runtime = builder.start();
    runtimes.add(runtime);
    return runtime;
  }

  private static EmbeddedRuntime.Builder retrying(String appId) {
    return EmbeddedRuntime.builder(appId)
        .resiliency(Resiliency.builder()
            .retry("once", RetryPolicy.constant(Duration.ofMillis(1)).maxRetries(1))
            .app("b", Target.withRetry("once"))
            .build());
  }

  /** The app "b" as it is called, after its methods have been added. */
  private AppClient b(Place place, Methods methods) {
    var b = started(retrying("b").network(network).with(port));
    methods.addTo(b);
    return switch (place) {
      case ITSELF -> b.app("b");
      case ANOTHER_OF_THIS_JVM -> started(retrying("a").network(network)).app("b");
      case BEHIND_A_PORT ->
        started(retrying("a")
                .component("names", StaticNameResolver.of("b", port.address.toString())))
            .app("b");
    };
  }

  private interface Methods {
    void addTo(EmbeddedRuntime app);
  }

  private static InvocationResponse answer(int status, byte[] body) {
    return InvocationResponse.of(status, Map.of(), "application/octet-stream", body);
  }

  @ParameterizedTest
  @EnumSource
  void aMethodOfBytesHasTheRequestToItselfInEachAttempt(Place place) throws Exception {
    var seen = new CopyOnWriteArrayList<Byte>();
    var b = b(
        place,
        app -> app.method("raw", (request, invocation) -> {
          var bytes = request.body().bytes();
          seen.add(bytes[0]);
          bytes[0] = 99;
          return answer(seen.size() % 2 == 1 ? 503 : 200, bytes);
        }));
    var mine = new byte[] {1};
    assertThat(b.invoke("raw", mine, byte[].class)).containsExactly(99);
    assertThat(mine).containsExactly(1);
    try (var answer = b.exchange(InvocationRequest.post("raw", "application/octet-stream", mine))) {
      assertThat(answer.body().readAllBytes()).containsExactly(99);
    }
    assertThat(mine).containsExactly(1);
    b.send("raw", mine);
    assertThat(mine).containsExactly(1);
    assertThat(seen).containsOnly((byte) 1).hasSize(6);
  }

  @ParameterizedTest
  @EnumSource
  void anAnswerInBytesIsWhatItWasWhenItWasGiven(Place place) throws Exception {
    var kept = new byte[] {1, 2, 3};
    var b = b(place, app -> {
      app.method("raw", (request, invocation) -> answer(200, kept));
      app.method("typed", Void.class, nothing -> kept);
    });
    for (var method : List.of("raw", "typed")) {
      try (var answer = b.exchange(InvocationRequest.get(method))) {
        assertThat(answer.body().read()).isEqualTo(1);
        kept[1] = 99;
        assertThat(answer.body().readAllBytes()).containsExactly(2, 3);
        kept[1] = 2;
      }
      var answer = b.invoke(method, null, byte[].class);
      answer[0] = 98;
      kept[2] = 99;
      assertThat(kept).containsExactly(1, 2, 99);
      assertThat(answer).containsExactly(98, 2, 3);
      kept[2] = 3;
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMethodThatTakesBytesHasThemToItselfInEachAttempt(Place place) throws Exception {
    var seen = new CopyOnWriteArrayList<Byte>();
    var b = b(
        place,
        app -> app.method("typed", byte[].class, bytes -> {
          seen.add(bytes[0]);
          bytes[0] = 99;
          if (seen.size() % 2 == 1) {
            throw new InvocationException(503, "once more");
          }
          return bytes;
        }));
    var mine = new byte[] {1};
    assertThat(b.invoke("typed", mine, byte[].class)).containsExactly(99);
    try (var answer =
        b.exchange(InvocationRequest.post("typed", "application/octet-stream", mine))) {
      assertThat(answer.body().readAllBytes()).containsExactly(99);
    }
    assertThat(mine).containsExactly(1);
    assertThat(seen).containsOnly((byte) 1).hasSize(4);
  }

  @ParameterizedTest
  @EnumSource
  void valuesThatChangeAreNotShared(Place place) {
    var given = new AtomicReference<List<String>>();
    var kept = new ArrayList<>(List.of("x"));
    var b = b(
        place,
        app -> app.method("keep", new TypeRef<List<String>>() {}, list -> {
          given.set(list);
          list.add("by the method");
          return kept;
        }));
    var mine = new ArrayList<>(List.of("a"));
    var answer = b.invoke("keep", mine, InvokeOptions.defaults(), new TypeRef<List<String>>() {});
    kept.add("afterwards");
    mine.add("afterwards");
    assertThat(answer).containsExactly("x");
    answer.add("by the caller");
    assertThat(kept).containsExactly("x", "afterwards");
    assertThat(given.get()).containsExactly("a", "by the method");
  }
}
