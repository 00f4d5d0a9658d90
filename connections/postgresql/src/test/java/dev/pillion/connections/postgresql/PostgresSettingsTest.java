// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.component.ComponentMetadata;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PostgresSettingsTest {
  private static Properties driver(String text) {
    return PostgresSettings.of(text).properties();
  }

  private static PostgresSettings clean(Map<String, String> values) {
    var metadata = ComponentMetadata.of(values);
    var settings = PostgresSettings.read(metadata);
    assertThat(metadata.problems()).isEmpty();
    return settings;
  }

  private static String problems(String... pairs) {
    var values = new HashMap<String, String>();
    for (int i = 0; i < pairs.length; i += 2) {
      values.put(pairs[i], pairs[i + 1]);
    }
    values.putIfAbsent("connectionString", "host=db password=hunter2");
    var metadata = ComponentMetadata.of(values);
    PostgresSettings.read(metadata);
    return String.join("\n", metadata.problems());
  }

  @Test
  void singleFieldsOverrideTheConnectionString() {
    for (String text : new String[] {
      "host=a port=1 dbname=x user=u password=p sslmode=disable",
      "postgres://u:p@a:1/x?sslmode=disable"
    }) {
      var settings = clean(Map.of(
          "url", text,
          "host", "b",
          "port", "2",
          "database", "y",
          "user", "v",
          "password", "q",
          "sslRootCert", "/ca.pem"));
      assertThat(settings).hasToString("b:2/y");
      assertThat(settings.properties())
          .containsEntry("user", "v")
          .containsEntry("password", "q")
          .containsEntry("sslrootcert", "/ca.pem")
          .containsEntry("sslmode", "disable");
    }
  }

  @Test
  void fieldsAloneAreEnough() {
    var settings = clean(Map.of("hostaddr", "10.0.0.1", "database", "orders", "user", "me"));
    assertThat(settings).hasToString("10.0.0.1:5432/orders");
  }

  @Test
  void daprsDefaultsHold() {
    var settings = clean(Map.of("connectionString", "host=db"));
    assertThat(settings.timeout()).isEqualTo(Duration.ofSeconds(20));
    assertThat(settings.pool().max)
        .isEqualTo(Math.max(4, Runtime.getRuntime().availableProcessors()));
    assertThat(settings.properties()).containsEntry("sslmode", "prefer");
  }

  @Test
  void poolSettingsComeFromBothPlaces() {
    var inText = "host=db pool_max_conns=7 pool_min_conns=2 pool_max_conn_idle_time=90s";
    var settings = clean(Map.of("connectionString", inText));
    assertThat(settings.pool().max).isEqualTo(7);
    assertThat(settings.pool().min).isEqualTo(2);
    assertThat(settings.pool().idle).isEqualTo(Duration.ofSeconds(90));

    settings =
        clean(Map.of("connectionString", inText, "maxConns", "9", "connectionMaxIdleTime", "120"));
    assertThat(settings.pool().max).isEqualTo(9);
    assertThat(settings.pool().idle).isEqualTo(Duration.ofMinutes(2));

    settings = clean(Map.of("connectionString", inText, "maxConns", "1"));
    assertThat(settings.pool().max).as("one is ignored, as by Dapr").isEqualTo(7);
  }

  @ParameterizedTest
  @CsvSource({
    "cache_statement,,",
    "cache_describe,prepareThreshold,0",
    "describe_exec,prepareThreshold,0",
    "exec,prepareThreshold,0",
    "simple_protocol,preferQueryMode,simple"
  })
  void queryExecModeIsTheDriversQueryMode(String mode, String property, String value) {
    var metadata = clean(Map.of("connectionString", "host=db", "queryExecMode", mode));
    var inText = PostgresSettings.of("host=db default_query_exec_mode=" + mode);
    for (PostgresSettings settings : new PostgresSettings[] {metadata, inText}) {
      if (property == null) {
        assertThat(settings.properties()).doesNotContainKeys("prepareThreshold", "preferQueryMode");
      } else {
        assertThat(settings.properties()).containsEntry(property, value);
      }
    }
  }

  @Test
  void optionsOfTheTextReachDriverAndSession() {
    var properties = driver(
        "postgres://db/x?application_name=a&connect_timeout=3&search_path=s&options=-c%20a%3Db"
            + "&statement_timeout=5s&work_mem=4%20MB&target_session_attrs=read-write");
    assertThat(properties)
        .containsEntry("ApplicationName", "a")
        .containsEntry("connectTimeout", "3")
        .containsEntry("currentSchema", "s")
        .containsEntry("targetServerType", "primary")
        .containsEntry("options", "-c a=b -c statement_timeout=5s -c work_mem=4\\ MB");
  }

  @Test
  void tlsModesMeanWhatLibpqMeans() {
    assertThat(driver("host=db sslmode=require")).containsEntry("sslmode", "require");
    assertThat(driver("host=db sslmode=require sslrootcert=/ca"))
        .as("a root certificate makes it verify")
        .containsEntry("sslmode", "verify-ca");
    assertThat(driver("host=db sslrootcert=system"))
        .containsEntry("sslmode", "verify-full")
        .containsEntry("sslfactory", DriverProperties.JVM_TRUST);
  }

  @Test
  void jdbcUrlsAreTheDriversOwn() {
    var settings = PostgresSettings.of("jdbc:postgresql://db:5433/orders?user=me&password=hunter2");
    assertThat(settings).hasToString("db:5433/orders");
    assertThat(settings.properties()).containsEntry("user", "me");
  }

  @Test
  void wrongSettingsAreReportedTogetherWithoutSecrets() {
    assertThat(problems("timeout", "500ms")).isEqualTo("\"timeout\" must be 1s or more");
    assertThat(problems("queryExecMode", "fast")).contains("queryExecMode", "simple_protocol");
    assertThat(problems("port", "hunter2")).contains("\"port\"").doesNotContain("hunter2");
    assertThat(problems("connectionString", "hunter2")).contains("connectionString");
    assertThat(problems("connectionString", "")).contains("\"connectionString\" is missing");
    assertThat(problems("connectionString", "host=/var/run/postgresql")).contains("Unix socket");
    assertThat(problems("connectionString", "host=db sslmode=on pool_max_conns=0 sslkey=/k"))
        .contains("sslmode", "pool_max_conns", "sslcert");
    assertThat(problems("hostaddr", "10.0.0.1", "connectionString", "host=db sslmode=verify-full"))
        .contains("hostaddr");
    assertThat(problems("connectionString", "host=db password=hunter2 passfile=/hunter2"))
        .contains("\"passfile\"")
        .doesNotContain("hunter2");
    assertThat(problems("connectionString", "host=db pool_health_check_period=1m"))
        .contains("\"pool_health_check_period\"");
  }

  @Test
  void cloudIdentitiesAreRefusedUnlessTheyAreOff() {
    assertThat(problems("useAzureAD", "true")).contains("\"useAzureAD\"");
    assertThat(problems("useAWSIAM", "yes", "awsAccessKey", "k")).contains("\"useAWSIAM\"");
    assertThat(problems("useAzureAD", "false", "useAWSIAM", "", "azureClientId", "c"))
        .isEmpty();
  }

  @Test
  void wrongTextsInCodeAreArgumentErrorsWithoutSecrets() {
    for (String text : new String[] {
      "hunter2",
      "jdbc:postgresql://me:hunter2",
      "jdbc:mysql://db/x?password=hunter2",
      "host=db password=hunter2 port=x",
      "postgres://me:hunter2@db:x/y"
    }) {
      assertThatThrownBy(() -> PostgresSettings.of(text))
          .isInstanceOf(IllegalArgumentException.class)
          .message()
          .doesNotContain("hunter2");
    }
  }
}
