// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerTransport;
import dev.pillion.invocation.spi.PeerTransportProvider;
import dev.pillion.testkit.CapturedLog;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How a runtime is joined to its peers, in which order, and how it leaves them. */
@Timeout(60)
class PeersTest {
  @TempDir
  Path folder;

  private final PeerWorld world = new PeerWorld();

  /** Says when it begins and ends; has the program beside the runtime at port 3000. */
  private Extension extension() {
    return new Extension() {
      @Override
      public AutoCloseable start(EmbeddedRuntime runtime) {
        world.events.add("app begins, " + runtime.describe().invocation().methods());
        return () -> world.events.add("app ends");
      }

      @Override
      public AppConnection appConnection() {
        return new AppConnection("http", "127.0.0.1", 3000, 0, "ready", null);
      }
    };
  }

  @Test
  void aRuntimeIsFoundWhenItCanBeCalledAndIsCalledUntilNobodyFindsIt() {
    world
        .builder("orders")
        .method("reserve", String.class, name -> "reserved " + name)
        .with(extension())
        .start()
        .close();
    assertThat(world.events)
        .containsExactly(
            "opens",
            "app begins, [reserve]",
            "listens",
            "registers AppInstance[appId=orders, namespace=default, address=127.0.0.1:50001, appPort=3000]",
            "deregisters",
            "listens no more",
            "app ends",
            "hangs up",
            "closes");
  }

  @Test
  void whatIsStillAtWorkWhileTheRuntimeClosesReachesPeers() {
    var answer = new AtomicReference<String>();
    try (var orders = world
        .builder("orders")
        .method("reserve", String.class, name -> "reserved " + name)
        .start()) {
      world
          .builder("web")
          .with(new Extension() {
            @Override
            public AutoCloseable start(EmbeddedRuntime runtime) {
              var client = runtime.app("orders");
              return () -> answer.set(client.invoke("reserve", "book", String.class));
            }
          })
          .start()
          .close();
      assertThat(orders.appId()).isEqualTo("orders");
    }
    assertThat(answer).hasValue("reserved book");
  }

  @Test
  void runtimesCallEachOther() {
    try (var orders = world
            .builder("orders")
            .method("reserve", String.class, name -> "reserved " + name)
            .start();
        var web = world.builder("web").start()) {
      assertThat(web.app("orders").invoke("reserve", "book", String.class))
          .isEqualTo("reserved book");
      assertThat(web.app("orders.default").invoke("reserve", "pen", String.class))
          .isEqualTo("reserved pen");
      assertThatExceptionOfType(InvocationException.class)
          .isThrownBy(() -> web.app("ordrs").invoke("reserve", "book", String.class))
          .withMessageContaining("no app \"ordrs\"")
          .withMessageContaining("the name resolver \"names\" does not know it");
      assertThat(web.peerTransport()).isPresent();
      assertThat(web.peers().find("orders", Deadline.none()))
          .hasValueSatisfying(
              peer -> assertThat(peer.address()).isEqualTo(new PeerAddress("127.0.0.1", 50_001)));
      assertThat(orders.peers().find("orders", Deadline.none())).isEmpty();
    }
  }

  /** As the metrics' interceptor does. */
  private static final CallInterceptor TRACING = new CallInterceptor() {
    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      return next.run(call.with(call.context().with(Map.of("traceparent", "00-this"))));
    }
  };

  @Test
  void aPeerIsToldTheTraceOfTheCall() {
    var seen = new AtomicReference<Map<String, List<String>>>(Map.of());
    try (var orders = world
            .builder("orders")
            .method("m", (request, invocation) -> {
              seen.set(request.headers());
              return InvocationResponse.of(204, Map.of(), "", new byte[0]);
            })
            .start();
        var web = world.builder("web").interceptor(TRACING).start()) {
      var request = InvocationRequest.get("m")
          .withHeader("Traceparent", "00-another")
          .withHeader("tracestate", "another's")
          .withHeader("baggage", "mine");
      web.app("orders").exchange(request).close();
      assertThat(seen.get())
          .containsEntry("traceparent", List.of("00-this"))
          .containsEntry("baggage", List.of("mine"))
          .doesNotContainKeys("Traceparent", "tracestate");
    }
  }

  @Test
  void whatAPeerSaysOfItselfIsWhatItHasProven() {
    world.identity = Optional.of(new CallerIdentity("public", "shop", "proven"));
    var seen = new AtomicReference<Map<String, List<String>>>(Map.of());
    try (var orders = world
            .builder("orders")
            .otherMethods((request, invocation) -> {
              seen.set(request.headers());
              return InvocationResponse.of(204, Map.of(), "", new byte[0]);
            })
            .start();
        var web = world.builder("web").start()) {
      web.app("orders").send("m", null);
      assertThat(seen.get())
          .as("%s was called by a runtime that calls itself web", orders.appId())
          .containsEntry("dapr-caller-app-id", List.of("proven"))
          .containsEntry("dapr-caller-namespace", List.of("shop"))
          .containsEntry("dapr-callee-app-id", List.of("orders"));
    }
  }

  @Test
  void aRuntimeWithoutANamespaceIsInDaprsDefaultOne() {
    var seen = new AtomicReference<Map<String, List<String>>>(Map.of());
    try (var orders = world
            .builder("orders")
            .namespace("")
            .method("m", (request, invocation) -> {
              seen.set(request.headers());
              return InvocationResponse.of(204, Map.of(), "", new byte[0]);
            })
            .start();
        var web = world.builder("web").namespace("").start()) {
      web.app("orders").send("m", null);
      assertThat(seen.get()).containsEntry("dapr-caller-namespace", List.of("default"));
      orders.app("orders.default").send("m", null);
      assertThat(world.asked).as("the second call stays here").hasSize(1);
      assertThat(world.asked.get(0).namespace()).isEqualTo("default");
      assertThat(world.events).anyMatch(event -> event.contains("namespace=default"));
      assertThat(orders.namespace()).as("which keys begin with").isEmpty();
    }
  }

  @Test
  void descriptionAndHealthSayWhereAndHow() {
    try (var orders =
        world.builder("orders").method("reserve", String.class, name -> name).start()) {
      assertThat(orders.describe().invocation().peers())
          .isEqualTo(
              new InvocationDescription.PeerPort("127.0.0.1:50001", "a wire of this JVM", "names"));
      assertThat(orders.describe().toString())
          .contains("  methods [reserve]")
          .contains(
              "  takes calls of peers at 127.0.0.1:50001, a wire of this JVM, finds them by \"names\"");
      assertThat(orders.health(Duration.ofSeconds(1)))
          .containsExactly(
              new ComponentHealth("names", ComponentHealth.Status.READY, null),
              new ComponentHealth(
                  "peers",
                  ComponentHealth.Status.READY,
                  "takes calls of peers at 127.0.0.1:50001, a wire of this JVM, finds them by \"names\""));
    }
  }

  @Test
  void rulesThatNoPeerCanMatchAreWarnedOf() {
    var policy = AccessPolicy.denyByDefault().app("web", "default", web -> web.allow("/reserve"));
    try (var log = new CapturedLog();
        var orders = world.builder("orders").accessPolicy(policy).start();
        var web = world.builder("web").start()) {
      assertThat(log.lines("WARN"))
          .containsExactly(
              "WARN \"orders\" has an access policy (deny by default, rules for [web.default]), but its peers come without mTLS"
                  + " and prove nothing: no rule of an app can match them, and deny holds for all;"
                  + " give the transport certificates, GrpcPeers.onPort(…).mutualTls(PeerTls.fromFiles(…))");
      assertThatExceptionOfType(InvocationException.class)
          .isThrownBy(() -> web.app("orders").send("reserve", "book"))
          .withMessage(
              "access control policy has denied access to id:  operation: reserve verb: POST"
                  + " (the caller showed no certificate, so that no rule of an app is for it)");
      assertThat(orders.describe().invocation().access()).contains("web.default");
    }
  }

  @Test
  void aPolicyThatPeersCanMatchOrThatHasNoRulesIsNot() {
    try (var log = new CapturedLog();
        var shut =
            world.builder("orders").accessPolicy(AccessPolicy.denyByDefault()).start()) {
      assertThat(log.lines("WARN")).as("%s", shut.describe()).isEmpty();
    }
    world.identity = Optional.of(new CallerIdentity("public", "default", "web"));
    var policy = AccessPolicy.denyByDefault().app("web", "default", web -> web.allow("/reserve"));
    try (var log = new CapturedLog();
        var proven = world.builder("orders").accessPolicy(policy).start()) {
      assertThat(log.lines("WARN")).as("%s", proven.describe()).isEmpty();
    }
  }

  @Test
  void anAppIdThatNobodyCanCallIsWarnedOf() {
    try (var log = new CapturedLog();
        var dotted = EmbeddedRuntime.builder("shop.orders").start()) {
      assertThat(log.lines("WARN"))
          .as("%s", dotted.describe())
          .containsExactly(
              "WARN the app id \"shop.orders\" has a dot, behind which callers write a namespace: no app can call this one by its id; "
                  + "choose one without a dot if any is to call it");
    }
  }

  @Test
  void withoutAResolverNothingListens() {
    try (var alone = EmbeddedRuntime.builder("alone").start()) {
      assertThat(alone.peerTransport()).isEmpty();
      assertThat(alone.describe().invocation().isEmpty()).isTrue();
      assertThat(alone.describe().toString()).as("one line").doesNotContain("\n");
      assertThat(alone.health(Duration.ofSeconds(1))).isEmpty();
    }
    assertThat(world.events).isEmpty();
  }

  @Test
  void aTransportWithoutAResolverIsForThoseWhoKnowTheAddress() {
    try (var called = EmbeddedRuntime.builder("orders")
            .peers(world.wire())
            .method("reserve", String.class, name -> name)
            .start();
        var web = world.builder("web").start()) {
      world.known.put("orders", List.of(new PeerAddress("127.0.0.1", 50_001)));
      assertThat(web.app("orders").invoke("reserve", "book", String.class)).isEqualTo("book");
      assertThatExceptionOfType(InvocationException.class)
          .isThrownBy(() -> called.app("web").send("x", null))
          .withMessageContaining("there is no name resolver to find others by");
    }
  }

  @Test
  void twoResolversAreAProblem() {
    assertThat(problems(world.builder("orders").component("more", world.resolver())))
        .containsExactly(
            "a runtime has one name resolver, but there are component \"names\" (nameresolution.test/v1)"
                + " and component \"more\" (nameresolution.test/v1); keep one");
    assertThat(world.events).as("nothing has been touched").isEmpty();
  }

  @Test
  void aResolverWithoutATransportNamesTheDependency() {
    assertThat(problems(EmbeddedRuntime.builder("orders").component("names", world.resolver())))
        .containsExactly(
            "component \"names\" (nameresolution.test/v1) finds other runtimes, but nothing on the class path calls them; "
                + "add the dependency dev.pillion:pillion-invocation-grpc:"
                + PillionVersion.current() + ", or give a transport by peers(…)");
  }

  private static List<String> problems(EmbeddedRuntime.Builder builder) {
    return catchThrowableOfType(
            InvalidConfigurationException.class, () -> builder.start().close())
        .problems();
  }

  /** A transport that the class path has. */
  public static final class Found implements PeerTransportProvider {
    static final AtomicReference<PeerTransport> NEXT = new AtomicReference<>();

    @Override
    public PeerTransport create() {
      return NEXT.get();
    }
  }

  @Test
  void theTransportOfTheClassPathIsTaken() throws IOException {
    var services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(PeerTransportProvider.class.getName()), Found.class.getName());
    Found.NEXT.set(world.wire());
    var thread = Thread.currentThread();
    var before = thread.getContextClassLoader();
    try (var loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      try (var orders =
          EmbeddedRuntime.builder("orders").component("names", world.resolver()).start()) {
        assertThat(orders.peerTransport()).containsSame(Found.NEXT.get());
      }
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void aFailedRegistrationEndsTheStartAndLeavesNothingOpen() {
    world.registrationFailure = "no answer from db:1";
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> world.builder("orders").with(extension()).start())
        .withMessage(
            "component \"names\" (nameresolution.test/v1) could not make \"orders\" known at 127.0.0.1:50001: no answer from db:1")
        .matches(ComponentException::isTransient);
    assertThat(world.events)
        .containsExactly(
            "opens",
            "app begins, []",
            "listens",
            "listens no more",
            "app ends",
            "hangs up",
            "closes");
    assertThat(world.listening).isEmpty();
  }
}
