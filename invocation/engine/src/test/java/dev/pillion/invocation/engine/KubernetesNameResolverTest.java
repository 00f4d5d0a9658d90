// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.testkit.NameResolverContract;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KubernetesNameResolverTest extends NameResolverContract {
  private final FakeDns dns = new FakeDns();
  private final RealTime time = new RealTime();

  @AfterEach
  void closeDns() {
    dns.close();
    time.close();
  }

  @Override
  protected NameResolverComponent component() {
    return KubernetesNameResolver.asking(dns.url(), "cluster.local");
  }

  @Override
  protected AppInstance findable() {
    dns.hosts.put("stock-dapr.shop.svc.cluster.local", List.of("10.1.0.7"));
    return new AppInstance("stock", "shop", new PeerAddress("10.1.0.7", 50_002), 0);
  }

  private void open(NameResolverComponent component, String namespace) {
    component.open(new ComponentContext(
        "web", namespace, "nr", time, new PlainThreads(), in(Duration.ofSeconds(5))));
  }

  private Deadline in(Duration duration) {
    return Deadline.after(duration, time);
  }

  private List<String> resolve(NameResolverComponent component, String namespace) {
    return component.resolve("orders", namespace, in(Duration.ofSeconds(5))).addresses().stream()
        .map(PeerAddress::toString)
        .toList();
  }

  private static ComponentSpec spec(Map<String, String> settings) {
    return ComponentSpec.of("nr", "nameresolution.kubernetes", settings);
  }

  private static NameResolverComponent made(Map<String, String> settings) {
    var spec = spec(settings);
    var made = (NameResolverComponent) new KubernetesNameResolver.Provider().create(spec);
    assertThat(spec.metadata().problems()).isEmpty();
    return made;
  }

  private static List<String> problems(Map<String, String> settings) {
    var spec = spec(settings);
    new KubernetesNameResolver.Provider().create(spec);
    return spec.metadata().problems();
  }

  @Test
  void allPodsOfTheHeadlessServiceAreFoundAtThePortOfTheCaller() {
    dns.hosts.put("orders-dapr.prod.svc.cluster.local", List.of("10.1.0.1", "10.1.0.2", "fd00::3"));
    var component = component();
    open(component, "prod");
    assertThat(resolve(component, "prod"))
        .containsExactlyInAnyOrder("10.1.0.1:50002", "10.1.0.2:50002", "[fd00::3]:50002");
    component.register(new AppInstance("web", "prod", new PeerAddress("10.1.0.9", 50_077), 0));
    assertThat(resolve(component, "")).contains("10.1.0.1:50077");
    assertThat(resolve(component, "test")).isEmpty();
  }

  @Test
  void withoutANamespaceItIsTheOneCalledDefault() {
    dns.hosts.put("orders-dapr.default.svc.cluster.local", List.of("10.1.0.1"));
    var component = component();
    open(component, "");
    assertThat(resolve(component, "")).containsExactly("10.1.0.1:50002");
  }

  @Test
  void aServerThatKeepsSilentIsAFailureByTheDeadlineAndNotAnUnknownApp() {
    dns.silent = true;
    var component = component();
    open(component, "");
    long start = System.nanoTime();
    assertThatThrownBy(() -> component.resolve("orders", "", in(Duration.ofMillis(600))))
        .isInstanceOf(BuildingBlockException.class)
        .hasMessageContaining("orders-dapr.default.svc.cluster.local");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    assertThatThrownBy(() -> component.probe(in(Duration.ofMillis(600))))
        .isInstanceOf(ComponentException.class);
    dns.silent = false;
    component.probe(in(Duration.ofSeconds(5)));
  }

  @Test
  void aTemplateMakesTheAddressAndMayNeedNoLookUp() {
    var component = made(Map.of("template", "127.0.0.1:{{ .Port }}"));
    open(component, "prod");
    assertThat(resolve(component, "")).containsExactly("127.0.0.1:50002");
    var pattern = made(Map.of("template", "{{.ID}}.{{.Namespace}}.invalid:7000"));
    open(pattern, "prod");
    assertThatThrownBy(() -> pattern.resolve("orders", "shop", Deadline.after(Duration.ZERO, time)))
        .hasMessageContaining("\"orders.shop.invalid\"");
  }

  @Test
  void anAppIdThatIsAUrlOrAnotherHostIsNotLookedUp() {
    var component = component();
    open(component, "");
    for (var appId : List.of("ldap://evil/a", "evil:99/", "a b", "rmi:x", "\u00e4")) {
      assertThatThrownBy(() -> component.resolve(appId, "default", in(Duration.ofSeconds(5))))
          .isInstanceOfSatisfying(
              ComponentException.class, e -> assertThat(e.isTransient()).isFalse())
          .hasMessageContaining("is no host and port");
    }
    assertThat(dns.queries()).isZero();
  }

  @Test
  void wrongSettingsAreNamed() {
    assertThat(problems(Map.of("template", "{{.ID}}.{{.Data.region}}:1")))
        .containsExactly(
            "\"template\" has {{.Data.region}}, and only {{.ID}}, {{.Namespace}} and {{.Port}} are supported");
    assertThat(problems(Map.of("template", "{{.ID}}.internal"))).hasSize(1);
    assertThat(problems(Map.of("template", "fixed:1")))
        .containsExactly("\"template\" must contain {{.ID}}");
    assertThat(problems(Map.of("clusterDomian", "x")))
        .containsExactly(
            "\"clusterDomian\" is not a setting of this component; did you mean \"clusterDomain\"?");
  }
}
