// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.component.ComponentSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SqliteProviderTest {
  /** All fields of Dapr's component, and again by their other names. */
  private static final List<Map<String, String>> DAPRS = List.of(
      Map.of(
          "connectionString", "data.db",
          "timeout", "30s",
          "busyTimeout", "800ms",
          "disableWAL", "true",
          "tableName", "t",
          "metadataTableName", "m",
          "cleanupInterval", "1h"),
      Map.of("url", "data.db", "timeoutInSeconds", "30", "cleanupIntervalInSeconds", "3600"));

  @Test
  void everySettingOfDaprsIsAccepted() {
    for (Map<String, String> settings : DAPRS) {
      var spec = ComponentSpec.of("st", "state.sqlite", settings);
      new SqliteStateStore.Provider().create(spec);
      assertThat(spec.metadata().problems()).isEmpty();
    }
  }
}
