// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class PostgresProviderTest {
  private final ComponentProvider provider = new PostgresStateStore.Provider();

  private static ComponentSpec spec(String version, Map<String, String> more) {
    var values = new HashMap<String, String>();
    values.put("connectionString", "host=db user=me password=hunter2 dbname=orders");
    values.putAll(more);
    return ComponentSpec.of("st", "state.postgresql", values).version(version);
  }

  private String made(String version, Map<String, String> more) {
    var spec = spec(version, more);
    var component = provider.create(spec);
    assertThat(spec.metadata().problems()).isEmpty();
    return component.toString();
  }

  private List<String> problems(String version, Map<String, String> more) {
    var spec = spec(version, more);
    provider.create(spec);
    return spec.metadata().problems();
  }

  @Test
  void isFoundByDaprsNames() {
    var found = ServiceLoader.load(ComponentProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(candidate -> candidate.type().equals("state.postgresql"))
        .toList();
    assertThat(found).singleElement().satisfies(it -> {
      assertThat(it.aliases()).containsExactly("state.postgres");
      assertThat(it.versions()).containsExactly("v1", "v2");
    });
  }

  @Test
  void versionsHaveTheirOwnTableSettings() {
    assertThat(made("", Map.of("tableName", "t"))).isEqualTo("table \"t\" at db:5432/orders");
    assertThat(made("v1", Map.of())).startsWith("table \"state\"");
    assertThat(made("V2", Map.of("tablePrefix", "s.app_"))).startsWith("table \"s.app_state\"");
    assertThat(made("v2", Map.of("tablePrefix", "", "metadataTableName", "")))
        .startsWith("table \"state\"");
    assertThat(problems("v2", Map.of("tableName", "t")))
        .singleElement()
        .asString()
        .contains("\"tableName\" is not a setting");
  }

  @Test
  void everySettingOfDaprsIsKnown() {
    made(
        "v2",
        Map.of(
            "timeoutInSeconds", "30",
            "cleanupIntervalInSeconds", "0",
            "metadataTableName", "m",
            "maxConns", "10",
            "connectionMaxIdleTime", "5m",
            "queryExecMode", "exec",
            "useAzureAD", "false",
            "sslRootCert", "/ca.pem",
            "port", "6543"));
  }

  @Test
  void namesThatWouldBeSqlAreRefused() {
    for (String setting : List.of("tablePrefix", "metadataTableName")) {
      for (String name : List.of("a b", "a;drop", "a\"", "ä", "a'b", "a-b")) {
        assertThat(problems("v2", Map.of(setting, name)))
            .singleElement()
            .asString()
            .contains(setting, "ASCII");
      }
    }
    assertThat(problems("v1", Map.of("tableName", "t;"))).hasSize(1);
  }

  @Test
  void theBuilderIsStrict() {
    var builder = PostgresStateStore.builder("postgres://me:hunter2@db/orders");
    assertThatThrownBy(() -> builder.tablePrefix("a;"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.version("v3")).hasMessageContaining("v1 or v2");
    assertThatThrownBy(() -> builder.timeout(Duration.ofMillis(1)))
        .isInstanceOf(IllegalArgumentException.class);
    builder.tablePrefix("a_");
    assertThatThrownBy(() -> builder.tablePrefix("b_"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("already set to a_");
    assertThat(builder.build()).hasToString("table \"a_state\" at db:5432/orders");
    assertThatThrownBy(builder.version("v1")::build)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("tablePrefix");
  }
}
