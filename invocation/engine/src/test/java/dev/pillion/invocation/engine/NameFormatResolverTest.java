// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentSpec;
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

class NameFormatResolverTest extends NameResolverContract {
  @Override
  protected NameResolverComponent component() {
    return NameFormatResolver.of("{appid}.internal:50002");
  }

  @Override
  protected boolean knowsEveryName() {
    return true;
  }

  @Override
  protected AppInstance findable() {
    return new AppInstance("stock", "any", new PeerAddress("stock.internal", 50_002), 0);
  }

  private static List<String> problems(Map<String, String> settings) {
    var spec = ComponentSpec.of("nr", "nameresolution.nameformat", settings);
    new NameFormatResolver.Provider().create(spec);
    return spec.metadata().problems();
  }

  @Test
  void anAppIdThatMakesNoHostHasNoAddress() {
    var component = component();
    component.open(new ComponentContext(
        "web", "", "nr", new ManualTime(), new PlainThreads(), Deadline.none()));
    for (var appId : List.of("http://evil/a", "evil:99/", "a b")) {
      assertThatThrownBy(() -> component.resolve(appId, "", Deadline.none()))
          .isInstanceOf(ComponentException.class)
          .hasMessageContaining("is no host and port");
    }
  }

  @Test
  void wrongFormatsAreNamed() {
    assertThat(problems(Map.of("format", "{appid}.internal:1"))).isEmpty();
    assertThat(problems(Map.of())).containsExactly("\"format\" is missing");
    assertThat(problems(Map.of("format", "stock:1")))
        .containsExactly("\"format\" must contain {appid}");
    assertThat(problems(Map.of("format", "{appid}.internal")))
        .containsExactly(
            "\"format\" must make an address with a port, such as {appid}.internal:50002");
    assertThatThrownBy(() -> NameFormatResolver.of("stock:1"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
