// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.testkit.NameResolverContract;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StaticNameResolverTest extends NameResolverContract {
  @Override
  protected NameResolverComponent component() {
    return StaticNameResolver.of("stock", "10.0.0.2:50002", "[fd00::2]:50002")
        .and("stock.test", "10.0.0.9:1");
  }

  @Override
  protected AppInstance findable() {
    return new AppInstance("stock", "", new PeerAddress("fd00::2", 50_002), 0);
  }

  @Test
  void anAppOfANamespaceComesBeforeTheOneOfAll() {
    var component = component();
    component.open(new ComponentContext(
        "web", "", "nr", new ManualTime(), new PlainThreads(), Deadline.none()));
    assertThat(component.resolve("stock", "test", Deadline.none()).addresses())
        .containsExactly(new PeerAddress("10.0.0.9", 1));
    assertThat(component.resolve("stock", "prod", Deadline.none()).addresses()).hasSize(2);
  }

  @Test
  void whatIsNoAddressIsRefusedAtOnce() {
    assertThatThrownBy(() -> StaticNameResolver.of("stock", "10.0.0.2"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("\"10.0.0.2\" is not of the form host:port");
    assertThatThrownBy(() -> StaticNameResolver.of(Map.of("stock", List.of())))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> StaticNameResolver.of("stock", "a:1").and("stock", "a:2"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
