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
  /** All fields that both of Dapr's versions have, beside connectionString. */
  private static final Map<String, String> DAPRS = Map.ofEntries(
      Map.entry("host", "db2"),
      Map.entry("hostaddr", "10.0.0.1"),
      Map.entry("port", "6543"),
      Map.entry("database", "orders2"),
      Map.entry("user", "you"),
      Map.entry("password", "secret"),
      Map.entry("sslRootCert", "/ca.pem"),
      Map.entry("maxConns", "10"),
      Map.entry("connectionMaxIdleTime", "5m"),
      Map.entry("queryExecMode", "exec"),
      Map.entry("timeout", "30s"),
      Map.entry("useAzureAD", "true"),
      Map.entry("useAWSIAM", "true"),
      Map.entry("region", "text"),
      Map.entry("awsRegion", "text"),
      Map.entry("accessKey", "text"),
      Map.entry("secretKey", "text"),
      Map.entry("sessionToken", "text"),
      Map.entry("assumeRoleArn", "text"),
      Map.entry("sessionName", "text"),
      Map.entry("metadataTableName", "m"),
      Map.entry("cleanupInterval", "1h"));

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
  void everySettingOfDaprsIsAcceptedOrNamedAsUnsupported() {
    for (String version : List.of("v1", "v2")) {
      var all = new HashMap<>(DAPRS);
      all.put(version.equals("v1") ? "tableName" : "tablePrefix", "t");
      assertThat(problems(version, all))
          .hasSize(2)
          .anySatisfy(problem -> assertThat(problem).contains("useAzureAD", "does not support"))
          .anySatisfy(problem -> assertThat(problem).contains("useAWSIAM", "does not support"));
    }
    made("v1", Map.of("timeoutInSeconds", "30", "cleanupIntervalInSeconds", "0"));
    var alias =
        ComponentSpec.of("st", "state.postgresql", Map.of("url", "postgres://me@db/orders"));
    assertThat(provider.create(alias)).hasToString("table \"state\" at db:5432/orders");
    assertThat(alias.metadata().problems()).isEmpty();
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
