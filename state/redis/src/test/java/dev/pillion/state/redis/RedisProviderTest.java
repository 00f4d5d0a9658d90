// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.component.ComponentSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the state store reads beside the settings of every Redis component. */
class RedisProviderTest {
  @Test
  void everySettingOfDaprsIsAcceptedOrNamedAsUnsupported() {
    assertThat(problems("ttlInSeconds", "60")).isEmpty();
    assertThat(problems("queryIndexes", "")).isEmpty();
    assertThat(problems("queryIndexes", "[]"))
        .singleElement()
        .asString()
        .contains("queryIndexes", "does not support");
  }

  private static List<String> problems(String key, String value) {
    var spec = ComponentSpec.of("st", "state.redis", Map.of("redisHost", "a", key, value));
    new RedisStateStore.Provider().create(spec);
    return spec.metadata().problems();
  }
}
