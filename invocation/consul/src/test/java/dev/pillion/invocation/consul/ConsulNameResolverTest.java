// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the agent is told and asked, by Dapr's settings. */
class ConsulNameResolverTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir
  Path folder;

  private final FakeConsul consul = new FakeConsul();
  private final RealTime time = new RealTime();
  private final List<NameResolverComponent> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(NameResolverComponent::close);
    consul.close();
    time.close();
  }

  private NameResolverComponent open(Map<String, String> settings) {
    var all = new HashMap<>(Map.of("client", "{\"address\":\"" + consul.address() + "\"}"));
    all.putAll(settings);
    var spec = ComponentSpec.of("nr", "nameresolution.consul", all);
    var resolver = (NameResolverComponent) new ConsulNameResolver.Provider().create(spec);
    assertThat(spec.metadata().problems()).isEmpty();
    return open(resolver);
  }

  private NameResolverComponent open(NameResolverComponent resolver) {
    opened.add(resolver);
    resolver.open(new ComponentContext("web", "", "nr", time, new PlainThreads(), in(PATIENCE)));
    return resolver;
  }

  private static List<String> problems(Map<String, String> settings) {
    var spec = ComponentSpec.of("nr", "nameresolution.consul", settings);
    new ConsulNameResolver.Provider().create(spec);
    return spec.metadata().problems();
  }

  private Deadline in(Duration duration) {
    return Deadline.after(duration, time);
  }

  private List<String> resolve(NameResolverComponent resolver) {
    return resolver.resolve("orders", "", in(PATIENCE)).addresses().stream()
        .map(PeerAddress::toString)
        .toList();
  }

  private static AppInstance orders() {
    return new AppInstance("orders", "prod", new PeerAddress("10.0.0.2", 50_002), 8_080);
  }

  private long queries() {
    return consul.requests.stream().filter(line -> line.contains("/v1/health/")).count();
  }

  @Test
  void withoutSelfRegisterNothingIsRegistered() {
    open(Map.of()).register(orders()).close();
    assertThat(consul.requests).noneMatch(line -> line.startsWith("PUT"));
  }

  @Test
  void aServiceIsRegisteredWithTheDefaultCheckAndItsPortInTheMetadata() throws Exception {
    open(Map.of("selfRegister", "true")).register(orders()).close();
    assertThat(consul.service("orders-10.0.0.2-50002")).isEqualTo(Options.JSON.readTree("""
        {"ID": "orders-10.0.0.2-50002", "Name": "orders", "Address": "10.0.0.2", "Port": 8080,
         "Checks": [{"Name": "Dapr Health Status", "CheckID": "daprHealth:orders-10.0.0.2-50002",
                     "Interval": "15s", "TCP": "10.0.0.2:50002"}],
         "Meta": {"DAPR_PORT": "50002"}}"""));
  }

  @Test
  void withSelfDeregisterItLeaves() {
    var settings = Map.of("selfRegister", "true", "selfDeregister", "true");
    var registration = open(settings).register(orders());
    assertThat(consul.service("orders-10.0.0.2-50002")).isNotNull();
    registration.close();
    assertThat(consul.service("orders-10.0.0.2-50002")).isNull();
  }

  @Test
  void checksTagsAndMetadataAreHandedOn() throws Exception {
    open(Map.of(
            "selfRegister", "true",
            "checks", """
                [{"name": "alive", "checkID": "a:${APP_ID}", "http": "http://${HOST_ADDRESS}:${APP_PORT}/health"}]""",
            "tags", "[\"dapr\", \"v1\"]",
            "meta", "{\"zone\": \"b\"}",
            "daprPortMetaKey", "PEER_PORT"))
        .register(orders());
    assertThat(consul.service("orders-10.0.0.2-50002")).isEqualTo(Options.JSON.readTree("""
        {"ID": "orders-10.0.0.2-50002", "Name": "orders", "Address": "10.0.0.2", "Port": 8080,
         "Checks": [{"name": "alive", "checkID": "a:orders", "http": "http://10.0.0.2:8080/health"}],
         "Tags": ["dapr", "v1"], "Meta": {"zone": "b", "PEER_PORT": "50002"}}"""));
  }

  @Test
  void anAdvancedRegistrationTakesTheirPlaceAndGetsThePortToo() throws Exception {
    open(Map.of("advancedRegistration", """
            {"id": "mine", "name": "${APP_ID}", "port": 1, "address": "10.9.9.9", "meta": {"a": "b"}}""")).register(orders());
    assertThat(consul.service("mine")).isEqualTo(Options.JSON.readTree("""
        {"id": "mine", "name": "orders", "port": 1, "address": "10.9.9.9",
         "Meta": {"a": "b", "DAPR_PORT": "50002"}}"""));
  }

  @Test
  void theNodesAddressStandsInForTheServices() throws Exception {
    consul.put("{\"ID\": \"1\", \"Name\": \"orders\", \"Meta\": {\"DAPR_PORT\": \"7\"}}");
    assertThat(resolve(open(Map.of()))).containsExactly("10.0.0.99:7");
  }

  @Test
  void aServiceWhoseCheckFailsIsNotFound() throws Exception {
    consul.put(
        "{\"ID\": \"1\", \"Name\": \"orders\", \"Address\": \"a\", \"Meta\": {\"DAPR_PORT\": \"7\"}}");
    consul.put(
        "{\"ID\": \"2\", \"Name\": \"orders\", \"Address\": \"b\", \"Meta\": {\"DAPR_PORT\": \"8\"}}");
    var resolver = open(Map.of());
    assertThat(resolve(resolver)).containsExactly("a:7", "b:8");
    consul.fail("1");
    assertThat(resolve(resolver)).containsExactly("b:8");
  }

  @Test
  void aServiceWithoutAPortInItsMetadataIsAnErrorThatSaysSo() throws Exception {
    consul.put("{\"ID\": \"1\", \"Name\": \"orders\", \"Address\": \"a\"}");
    assertThatThrownBy(() -> resolve(open(Map.of())))
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("its metadata \"DAPR_PORT\" has no port of a runtime");
  }

  @Test
  void queriesCarryTheOptions() {
    resolve(open(Map.of()));
    assertThat(consul.requests).contains("GET /v1/health/service/orders?passing=1&cached");
    resolve(open(Map.of("queryOptions", """
        {"datacenter": "eu", "near": "_agent", "filter": "a == \\"b\\"", "allowStale": true,
         "nodeMeta": {"zone": "x"}, "token": "t2"}""")));
    assertThat(consul.requests)
        .contains("GET /v1/health/service/orders?passing=1&dc=eu&near=_agent"
            + "&filter=a%20%3D%3D%20%22b%22&node-meta=zone%3Ax&stale");
    assertThat(consul.tokens).contains("t2");
  }

  @Test
  void aTokenComesFromTheSettingsOrAFreshlyReadFile() throws Exception {
    consul.requiredToken = "secret-1";
    var client = "{\"address\":\"%s\",\"%s\":\"%s\"}";
    open(Map.of("client", client.formatted(consul.address(), "token", "secret-1")));
    var file = folder.resolve("token");
    Files.writeString(file, "secret-1\n");
    var resolver = open(Map.of("client", client.formatted(consul.address(), "tokenFile", file)));
    consul.requiredToken = "secret-2";
    assertThatThrownBy(() -> resolve(resolver))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isFalse())
        .hasMessageContaining("status 403: ACL not found (its access control does not allow that")
        .hasMessageNotContaining("secret");
    Files.writeString(file, "secret-2\n");
    assertThat(resolve(resolver)).isEmpty();
  }

  @Test
  void withUseCacheAnAppIsAskedForOnceAndThenWatched() throws Exception {
    consul.put(
        "{\"ID\": \"1\", \"Name\": \"orders\", \"Address\": \"a\", \"Meta\": {\"DAPR_PORT\": \"7\"}}");
    var resolver = open(Map.of("useCache", "true"));
    for (int i = 0; i < 1_000; i++) {
      assertThat(resolve(resolver)).containsExactly("a:7");
    }
    assertThat(queries()).isLessThanOrEqualTo(2);
    consul.put(
        "{\"ID\": \"2\", \"Name\": \"orders\", \"Address\": \"b\", \"Meta\": {\"DAPR_PORT\": \"8\"}}");
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(resolve(resolver))
        .containsExactly("a:7", "b:8"));
    consul.forget("1");
    consul.forget("2");
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(resolve(resolver)).isEmpty());
    consul.put(
        "{\"ID\": \"3\", \"Name\": \"orders\", \"Address\": \"c\", \"Meta\": {\"DAPR_PORT\": \"9\"}}");
    assertThat(resolve(resolver)).containsExactly("c:9");
  }

  @Test
  void anAppThatNoThreadWatchesIsNotBelievedForEver() throws Exception {
    consul.put(
        "{\"ID\": \"1\", \"Name\": \"orders\", \"Address\": \"a\", \"Meta\": {\"DAPR_PORT\": \"7\"}}");
    var plain = new PlainThreads();
    var threads = new Threads() {
      volatile boolean none = true;

      @Override
      public void execute(String name, Runnable task) {
        plain.execute(name, task);
      }

      @Override
      public Thread start(String name, Runnable loop) {
        if (none) {
          throw new IllegalStateException("no thread for the test");
        }
        return plain.start(name, loop);
      }
    };
    var spec = ComponentSpec.of(
        "nr",
        "nameresolution.consul",
        Map.of("client", "{\"address\":\"" + consul.address() + "\"}", "useCache", "true"));
    var resolver = (NameResolverComponent) new ConsulNameResolver.Provider().create(spec);
    opened.add(resolver);
    resolver.open(new ComponentContext("web", "", "nr", time, threads, in(PATIENCE)));
    assertThatThrownBy(() -> resolve(resolver)).isInstanceOf(IllegalStateException.class);
    threads.none = false;
    consul.forget("1");
    assertThat(resolve(resolver)).isEmpty();
  }

  @Test
  void anAgentThatIsOutEndsTheWatchAndFailsTheCall() throws Exception {
    consul.put(
        "{\"ID\": \"1\", \"Name\": \"orders\", \"Address\": \"a\", \"Meta\": {\"DAPR_PORT\": \"7\"}}");
    var resolver = open(Map.of("useCache", "true"));
    resolve(resolver);
    consul.out(true);
    await().atMost(PATIENCE).untilAsserted(() -> assertThatThrownBy(() -> resolve(resolver))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isTrue()));
    consul.out(false);
    assertThat(resolve(resolver)).containsExactly("a:7");
  }

  /** Whose agent answers with a text that is empty, and to lookups after ten seconds at best. */
  @Test
  void withoutALeaderItIsNotWell() throws Exception {
    var resolver = open(Map.of());
    resolver.probe(in(PATIENCE));
    consul.leaderless(true);
    assertThatThrownBy(() -> resolver.probe(in(PATIENCE)))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isTrue())
        .hasMessageContaining("no leader");
    assertThatThrownBy(() -> resolve(resolver))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isTrue())
        .hasMessageContaining("status 500: No cluster leader");
    assertThatThrownBy(() -> open(Map.of())).hasMessageContaining("no leader");
    consul.leaderless(false);
    resolver.probe(in(PATIENCE));
  }

  @Test
  void whatConsulDoesNotTakeIsToldInItsOwnWords() {
    var resolver = open(Map.of("advancedRegistration", """
        {"id": "mine", "name": "orders", "checks": [{"name": "alive"}]}"""));
    assertThatThrownBy(() -> resolver.register(orders()))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isFalse())
        .hasMessageContaining(
            "told of service \"mine\", answered with status 400: Invalid check: TTL");
  }

  @Test
  void anAgentThatIsNotThereIsNamedAtTheStart() {
    assertThatThrownBy(() -> open(ConsulNameResolver.at(URI.create("http://127.0.0.1:1"))))
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isTrue())
        .hasMessageContaining("Consul at http://127.0.0.1:1");
  }

  @Test
  void anAgentThatKeepsSilentIsWaitedForUntilTheDeadline() throws Exception {
    try (var silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      var resolver = ConsulNameResolver.at(URI.create("http://127.0.0.1:" + silent.getLocalPort()));
      long start = System.nanoTime();
      assertThatThrownBy(() -> resolver.open(new ComponentContext(
              "web", "", "nr", time, new PlainThreads(), in(Duration.ofMillis(300)))))
          .isInstanceOf(CallTimeoutException.class);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
    }
  }

  @Test
  void wrongSettingsAreNamedWithTheKnownOnes() {
    assertThat(problems(Map.of("client", "{\"adress\": \"x\"}")))
        .containsExactly(
            "\"client.adress\" is not a setting; \"client\" has [address, datacenter, httpAuth,"
                + " scheme, tlsConfig, token, tokenFile, waitTime]");
    assertThat(problems(Map.of("client", "{\"tlsConfig\": {\"insecureSkipVerify\": true}}")))
        .singleElement()
        .asString()
        .startsWith("\"client.tlsConfig.insecureSkipVerify\" is a setting of Dapr's that Pillion");
    assertThat(problems(Map.of("client", "{\"address\": \"a b\"}"))).hasSize(1);
    assertThat(problems(Map.of("client", "{token: secret")))
        .containsExactly("\"client\" is not JSON");
    assertThat(problems(Map.of("checks", "{}"))).containsExactly("\"checks\" must be a list");
    assertThat(problems(Map.of("checks", "[{\"intervall\": \"1s\"}]")))
        .singleElement()
        .asString()
        .startsWith("\"checks[0].intervall\" is not a setting");
    assertThat(problems(Map.of("queryOptions", "{\"localOnly\": true}"))).hasSize(1);
    assertThat(problems(Map.of("selfRegistre", "true")))
        .containsExactly(
            "\"selfRegistre\" is not a setting of this component; did you mean \"selfRegister\"?");
  }
}
