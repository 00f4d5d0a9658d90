// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.component.ComponentMetadata;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedisSettingsTest {
  /** All fields of Dapr's Redis components, each with a value it may have. */
  private static final Map<String, String> DAPRS = Map.ofEntries(
      Map.entry("redisHost", "a"),
      Map.entry("redisPort", "6380"),
      Map.entry("redisUsername", "text"),
      Map.entry("redisPassword", "text"),
      Map.entry("redisDB", "3"),
      Map.entry("redisType", "node"),
      Map.entry("failover", "true"),
      Map.entry("sentinelMasterName", "text"),
      Map.entry("sentinelUsername", "text"),
      Map.entry("sentinelPassword", "text"),
      Map.entry("enableTLS", "true"),
      Map.entry("insecureSkipTLSVerify", "true"),
      Map.entry("clientCert", "text"),
      Map.entry("clientKey", "key"),
      Map.entry("redisMaxRetries", "-1"),
      Map.entry("maxRetries", "3"),
      Map.entry("redisMinRetryInterval", "2s"),
      Map.entry("maxRetryBackoff", "2000000"),
      Map.entry("redisMaxRetryInterval", "4s"),
      Map.entry("dialTimeout", "5s"),
      Map.entry("readTimeout", "3000"),
      Map.entry("writeTimeout", "-1"),
      Map.entry("poolSize", "10"),
      Map.entry("minIdleConns", "0"),
      Map.entry("poolTimeout", "4s"),
      Map.entry("maxConnAge", "-1"),
      Map.entry("idleTimeout", "5m"),
      Map.entry("idleCheckFrequency", "1m"),
      Map.entry("useEntraID", "true"),
      Map.entry("useAzureAD", "true"),
      Map.entry("useOIDC", "true"),
      Map.entry("oidcTokenEndpoint", "text"),
      Map.entry("oidcClientID", "text"),
      Map.entry("oidcClientAssertionCert", "text"),
      Map.entry("oidcClientAssertionKey", "text"),
      Map.entry("oidcResource", "text"),
      Map.entry("oidcAudience", "text"),
      Map.entry("oidcKid", "text"),
      Map.entry("oidcScopes", "openid"),
      Map.entry("oidcCACert", "text"));

  private static final String KEY = "-----BEGIN PRIVATE KEY-----";

  @ParameterizedTest
  @CsvSource({
    "localhost, , localhost:6379",
    "localhost, 7000, localhost:7000",
    "localhost:7000, , localhost:7000",
    "localhost:7000, 7000, localhost:7000",
    "10.0.0.1, , 10.0.0.1:6379",
    "[::1]:7000, , [::1]:7000",
    "::1, 7000, [::1]:7000",
    "[fe80::1], , [fe80::1]:6379",
  })
  void aHostHasAPortOfItsOwnOrTheOtherSettings(String host, String port, String address) {
    var settings = read(
        port == null ? Map.of("redisHost", host) : Map.of("redisHost", host, "redisPort", port));
    assertThat(settings).hasToString(address);
  }

  @ParameterizedTest
  @CsvSource({
    "localhost:7000, 7001, has port 7000 already",
    "localhost:x, , must be host:port",
    "localhost:70000, , must be host:port",
    "'', , \"redisHost\" is missing",
    "'a:1,b:2', , lists several addresses",
  })
  void aHostThatCanNotBeMeantIsAProblem(String host, String port, String problem) {
    var all = new HashMap<>(Map.of("redisHost", host));
    if (port != null) {
      all.put("redisPort", port);
    }
    assertThat(problems(all)).singleElement().asString().contains(problem);
  }

  @Test
  void withoutAHostThereIsAProblem() {
    assertThat(problems(Map.of())).singleElement().asString().contains("\"redisHost\" is missing");
  }

  @Test
  void aClusterAndSentinelTakeSeveralAddresses() {
    var cluster = read(Map.of("redisHost", "a:1, b", "redisType", "cluster"));
    assertThat(cluster.isCluster()).isTrue();
    assertThat(cluster).hasToString("a:1,b:6379");

    var sentinel = read(Map.of(
        "redisHost", "a,b", "redisPort", "26379", "failover", "true", "sentinelMasterName", "m"));
    assertThat(sentinel.isCluster()).isFalse();
    assertThat(sentinel).hasToString("a:26379,b:26379 (\"m\" of Sentinel)");
  }

  @Test
  void failoverNeedsTheNameOfThePrimaryAndNoCluster() {
    assertThat(problems(Map.of("redisHost", "a", "failover", "1")))
        .singleElement()
        .asString()
        .contains("\"sentinelMasterName\" is missing");
    assertThat(problems(Map.of(
            "redisHost", "a", "failover", "1", "sentinelMasterName", "m", "redisType", "cluster")))
        .singleElement()
        .asString()
        .contains("a cluster fails over by itself");
  }

  @ParameterizedTest
  @CsvSource({
    "500, 500",
    "2s, 2000",
    "1m30s, 90000",
    "0, 3000",
    "-1, 86400000",
  })
  void aBareNumberIsMillisecondsZeroTheDefaultAndBelowZeroNoTimeout(String text, long millis) {
    assertThat(read(Map.of("redisHost", "a", "readTimeout", text)).commandTimeout())
        .isEqualTo(Duration.ofMillis(millis));
  }

  @Test
  void theDefaultsAreDaprsClients() {
    var settings = read(Map.of("redisHost", "a"));
    assertThat(settings.connectTimeout()).isEqualTo(Duration.ofSeconds(5));
    assertThat(settings.commandTimeout()).isEqualTo(Duration.ofSeconds(3));
    assertThat(settings.minReconnectDelay()).isEqualTo(Duration.ofMillis(8));
    assertThat(settings.maxReconnectDelay()).isEqualTo(Duration.ofMillis(512));
    assertThat(settings.database()).isZero();
    assertThat(settings.tls()).isNull();
  }

  @Test
  void retryIntervalsBoundThePauseBetweenReconnects() {
    var settings = read(
        Map.of("redisHost", "a", "redisMinRetryInterval", "100", "redisMaxRetryInterval", "2s"));
    assertThat(settings.minReconnectDelay()).isEqualTo(Duration.ofMillis(100));
    assertThat(settings.maxReconnectDelay()).isEqualTo(Duration.ofSeconds(2));

    var legacy = read(Map.of("redisHost", "a", "maxRetries", "3", "maxRetryBackoff", "50000000"));
    assertThat(legacy.minReconnectDelay()).isEqualTo(Duration.ofMillis(50));
  }

  @Test
  void tlsIsVerifiedUnlessSaidOtherwise() {
    var verified = read(Map.of("redisHost", "a", "enableTLS", "true")).tls();
    assertThat(verified).isNotNull();
    assertThat(verified.verified()).isTrue();
    var unverified = read(Map.of("redisHost", "a", "enableTLS", "1", "insecureSkipTLSVerify", "T"))
        .tls();
    assertThat(unverified).isNotNull();
    assertThat(unverified.verified()).isFalse();
    var certified = read(Map.of(
            "redisHost", "a", "enableTLS", "true", "clientCert", "cert", "clientKey", KEY))
        .tls();
    assertThat(certified).isNotNull();
    assertThat(certified.certificate()).isEqualTo("cert");
    assertThat(certified.key()).isEqualTo(KEY);
  }

  @Test
  void aCertificateNeedsItsKeyInAFormThatCanBeRead() {
    assertThat(problems(Map.of("redisHost", "a", "enableTLS", "true", "clientCert", "c")))
        .singleElement()
        .asString()
        .contains("need each other");
    assertThat(problems(Map.of(
            "redisHost", "a", "clientCert", "c", "clientKey", "-----BEGIN RSA PRIVATE KEY-----")))
        .singleElement()
        .asString()
        .contains("PKCS 8")
        .doesNotContain("RSA");
  }

  @ParameterizedTest
  @ValueSource(strings = {"enableTLS", "insecureSkipTLSVerify", "failover"})
  void booleansAreStrict(String key) {
    assertThat(problems(Map.of("redisHost", "a", key, "yes")))
        .singleElement()
        .asString()
        .contains("must be true or false");
    assertThat(problems(Map.of("redisHost", "a", key, ""))).hasSize(1);
  }

  @Test
  void everySettingOfDaprsIsAcceptedOrNamedAsUnsupported() {
    var all = new HashMap<String, String>();
    DAPRS.forEach((key, value) -> all.put(key, value.equals("key") ? KEY : value));
    assertThat(problems(all))
        .hasSize(2)
        .anySatisfy(problem -> assertThat(problem).contains("useEntraID", "does not support"))
        .anySatisfy(problem -> assertThat(problem).contains("useOIDC", "does not support"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"useEntraID", "useOIDC"})
  void tokensOfAnIdentityProviderAreReportedAsUnsupported(String key) {
    assertThat(problems(Map.of("redisHost", "a", key, "true")))
        .singleElement()
        .asString()
        .contains("does not support", key, "redisUsername");
  }

  @Test
  void anUnknownSettingIsAProblemThatNamesTheNearest() {
    assertThat(problems(Map.of("redisHost", "a", "redisPasword", "x")))
        .singleElement()
        .asString()
        .contains("did you mean \"redisPassword\"");
  }

  @Test
  void aUriSaysTheSame() {
    var settings = RedisSettings.at("rediss://alice:secret@example.org:7000/2?timeout=500ms");
    assertThat(settings).hasToString("example.org:7000");
    assertThat(settings.database()).isEqualTo(2);
    assertThat(settings.commandTimeout()).isEqualTo(Duration.ofMillis(500));
    assertThat(settings.tls()).isNotNull();

    var sentinel = RedisSettings.at("redis-sentinel://a:26379,b:26380/1#m");
    assertThat(sentinel).hasToString("a:26379,b:26380 (\"m\" of Sentinel)");
    assertThat(RedisSettings.at("redis://localhost")).hasToString("localhost:6379");
  }

  @Test
  void whatCanNotBeIsRefusedInCode() {
    assertThatThrownBy(() -> RedisSettings.at("http://localhost"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RedisSettings.builder().build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no address");
    assertThatThrownBy(
            () -> RedisSettings.builder().address("a", 1).address("b", 1).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cluster() or sentinel(name)");
    assertThatThrownBy(() -> RedisSettings.builder().user(null, "a").user("b", "c"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("before");
  }

  @Test
  void aPasswordIsNeverPrinted() {
    var settings = read(Map.of("redisHost", "a", "redisUsername", "u", "redisPassword", "hidden"));
    assertThat(settings.toString() + settings.user()).doesNotContain("hidden");
  }

  private static RedisSettings read(Map<String, String> values) {
    var metadata = ComponentMetadata.of(values);
    var settings = RedisSettings.read(metadata);
    assertThat(metadata.problems()).isEmpty();
    return settings;
  }

  private static List<String> problems(Map<String, String> values) {
    var metadata = ComponentMetadata.of(values);
    RedisSettings.read(metadata);
    return metadata.problems();
  }
}
