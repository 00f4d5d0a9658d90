// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.InvokeOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The access policy of an app, asked about the other apps of its JVM. */
class InProcessAccessTest {
  private static final AccessPolicy POLICY = AccessPolicy.denyByDefault()
      .app("web", "default", web -> web.allow("/orders/*", "GET", "POST").allow("/any"));

  private final InProcessNetwork network = InProcessNetwork.create();
  private final List<EmbeddedRuntime> runtimes = new ArrayList<>();
  private final List<String> ran = new CopyOnWriteArrayList<>();

  @TempDir
  Path folder;

  @AfterEach
  void close() {
    runtimes.forEach(EmbeddedRuntime::close);
  }

  private EmbeddedRuntime start(String appId, UnaryOperator<EmbeddedRuntime.Builder> more) {
    var builder = EmbeddedRuntime.builder(appId).environment(Map.of()).network(network);
    var runtime = more.apply(builder).start();
    runtimes.add(runtime);
    return runtime;
  }

  private EmbeddedRuntime shop(AccessPolicy policy) {
    return start("shop", builder -> methods(builder.accessPolicy(policy)));
  }

  private EmbeddedRuntime.Builder methods(EmbeddedRuntime.Builder builder) {
    return builder
        .method("orders/typed", String.class, text -> {
          ran.add("typed");
          return "done";
        })
        .method("orders/raw", this::raw)
        .method("any", this::raw)
        .method("secret", String.class, text -> {
          ran.add("secret");
          return "done";
        });
  }

  private InvocationResponse raw(InvocationRequest request, Invocation invocation) {
    ran.add("raw");
    assertThat(invocation.caller()).as("who has shown no certificate").isEmpty();
    return InvocationResponse.of(200, Map.of(), "", new byte[0]);
  }

  private static @Nullable InvocationException failure(
      EmbeddedRuntime caller, String method, String verb) {
    return catchThrowableOfType(InvocationException.class, () -> caller
        .app("shop")
        .invoke(method, "x", InvokeOptions.defaults().verb(verb), String.class));
  }

  private static boolean mayCall(EmbeddedRuntime caller, String method, String verb) {
    var failure = failure(caller, method, verb);
    var sent = catchThrowableOfType(
        InvocationException.class,
        () -> caller.app("shop").send(method, "x", InvokeOptions.defaults().verb(verb)));
    var exchanged = catchThrowableOfType(InvocationException.class, () -> caller
        .app("shop")
        .exchange(InvocationRequest.post(method, "text/plain", new byte[] {'x'})
            .withVerb(verb.toLowerCase(Locale.ROOT)))
        .close());
    assertThat(sent == null).isEqualTo(failure == null);
    assertThat(exchanged == null).isEqualTo(failure == null);
    if (failure != null) {
      assertThat(failure.reason()).isEqualTo(Reason.DENIED);
      assertThat(failure.statusCode()).as("PERMISSION_DENIED").isEqualTo(7);
    }
    return failure == null;
  }

  @ParameterizedTest
  @CsvSource({
    "web, orders/typed, POST, true",
    "web, orders/raw, GET, true",
    "web, orders/../orders//raw/, POST, true",
    "web, orders/typed, PUT, false",
    "web, orders/raw, DELETE, false",
    "web, any, OPTIONS, true",
    "web, any, PROPFIND, true",
    "web, secret, POST, false",
    "web, orders/../secret, GET, false",
    "web, nothing, GET, false",
    "other, orders/typed, POST, false",
    "other, any, GET, false",
  })
  void anotherAppMayCallWhatThePolicySays(
      String caller, String method, String verb, boolean allowed) {
    shop(POLICY);
    assertThat(mayCall(start(caller, builder -> builder), method, verb)).isEqualTo(allowed);
    assertThat(ran.isEmpty()).isEqualTo(!allowed);
  }

  @Test
  void theNamespaceOfTheCallerCounts() {
    shop(POLICY);
    var elsewhere = start("web", builder -> builder.namespace("prod"));
    var failure = catchThrowableOfType(
        InvocationException.class, () -> elsewhere.app("shop.default").send("any", null));
    assertThat(failure)
        .hasMessage(
            "access control policy has denied access to id: spiffe://public/ns/prod/web operation: any verb: POST");
    var here = start("web", builder -> builder.namespace("default"));
    here.app("shop").send("any", null);
  }

  @Test
  void aDenialReadsAsThatOfAPeer() {
    shop(POLICY);
    var inside = failure(start("web", builder -> builder), "secret", "POST");
    var world = new PeerWorld();
    world.identity = Optional.of(new CallerIdentity("public", "default", "web"));
    try (var remote = methods(world.builder("shop").accessPolicy(POLICY)).start();
        var web = world.builder("web").start()) {
      var outside = failure(web, "secret", "POST");
      assertThat(inside)
          .as("%s", remote.appId())
          .hasMessage(outside.getMessage())
          .hasMessageContaining("spiffe://public/ns/default/web operation: secret verb: POST");
      assertThat(inside.reason()).isEqualTo(outside.reason());
    }
    assertThat(ran).isEmpty();
  }

  @Test
  void anAppsOwnCallsPassBy() {
    var shop = shop(AccessPolicy.denyByDefault());
    assertThat(mayCall(shop, "secret", "POST")).isTrue();
    assertThat(mayCall(shop, "orders/raw", "GET")).isTrue();
  }

  @Test
  void withoutAPolicyEverybodyMayCall() {
    start("shop", this::methods);
    assertThat(mayCall(start("web", builder -> builder), "secret", "POST")).isTrue();
  }

  @Test
  void aPolicyThatAllowsDeniesWhatItSays() {
    shop(AccessPolicy.allowByDefault().app("web", "default", web -> web.deny("/secret")));
    assertThat(mayCall(start("web", builder -> builder), "secret", "POST")).isFalse();
    assertThat(mayCall(start("web2", builder -> builder), "secret", "POST")).isTrue();
  }

  @Test
  void whatAHeaderClaimsIsNotRead() {
    shop(POLICY);
    var forged = InvokeOptions.defaults().header("dapr-caller-app-id", "web");
    var other = start("other", builder -> builder);
    assertThat(catchThrowableOfType(
                InvocationException.class,
                () -> other.app("shop").invoke("any", "x", forged, String.class))
            .reason())
        .isEqualTo(Reason.DENIED);
  }

  /** Nobody speaks for the apps of a JVM but the policy, whose domain is theirs. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theTrustDomainIsThatOfThePolicy(boolean own) {
    var policy = AccessPolicy.denyByDefault();
    policy = own ? policy.trustDomain("corp") : policy;
    shop(policy.app("web", "default", web -> web.trustDomain("corp").allow("/any")));
    assertThat(mayCall(start("web", builder -> builder), "any", "GET")).isEqualTo(own);
  }

  @ParameterizedTest
  @ValueSource(strings = {"corp", "public"})
  void theTrustDomainOfAFileIsRead(String domain) throws Exception {
    var file = Files.writeString(folder.resolve("config.yaml"), """
        apiVersion: dapr.io/v1alpha1
        kind: Configuration
        metadata: {name: shop}
        spec:
          accessControl:
            defaultAction: deny
            trustDomain: %s
            policies:
            - {appId: web, namespace: default, trustDomain: corp, defaultAction: allow}
        """.formatted(domain));
    start("shop", builder -> methods(builder.configuration(file)));
    assertThat(mayCall(start("web", builder -> builder), "any", "GET"))
        .isEqualTo(domain.equals("corp"));
  }

  /** A program beside the callee that speaks gRPC. */
  private static final Extension GRPC_APP = new Extension() {
    @Override
    public AppConnection appConnection() {
      return new AppConnection("grpc", "127.0.0.1", 3000, 0, "ready", null);
    }
  };

  @Test
  void whatTheProgramBesideHandlesHasNoVerbWhenItSpeaksGrpc() {
    var policy = AccessPolicy.denyByDefault()
        .app("web", "default", web -> web.allow("/orders/raw", "GET").allow("/Program", "GET"));
    start(
        "shop",
        builder -> methods(builder.accessPolicy(policy).with(GRPC_APP).otherMethods(this::raw)));
    var web = start("web", builder -> builder);
    assertThat(mayCall(web, "Program", "PUT")).isTrue();
    assertThat(mayCall(web, "program", "GET")).as("other letters").isFalse();
    assertThat(mayCall(web, "orders/raw", "PUT")).as("a method of this program").isFalse();
    assertThat(mayCall(web, "orders/raw", "GET")).isTrue();
  }

  @Test
  void eachReplicaAsksItsOwnPolicy() {
    shop(POLICY);
    shop(AccessPolicy.denyByDefault());
    var web = start("web", builder -> builder);
    var failures = new ArrayList<Boolean>();
    for (int i = 0; i < 4; i++) {
      failures.add(failure(web, "any", "GET") == null);
    }
    assertThat(failures).containsExactly(true, false, true, false);
  }
}
