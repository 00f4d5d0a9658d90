// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static dev.pillion.state.redis.Changes.apply;
import static dev.pillion.state.redis.Changes.key;
import static dev.pillion.state.redis.Changes.put;
import static dev.pillion.state.redis.Changes.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentSpec;
import dev.pillion.connections.redis.RedisSettings;
import dev.pillion.testservers.RedisOptions;
import dev.pillion.testservers.RedisServer;
import dev.pillion.testservers.TestCertificate;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Passwords, ACL users and TLS. */
@Timeout(60)
class RedisSecurityIT {
  private static final String SECRET = "open-sesame";

  private static RedisServer guarded;
  private static RedisServer encrypted;

  @BeforeAll
  static void start() {
    guarded = RedisServer.start(new RedisOptions()
        .user("alice", SECRET, "~orders* +@all")
        .user("reader", SECRET, "~* +@read +@connection +info")
        .withoutDefaultUser());
    encrypted = RedisServer.start(new RedisOptions().tls().requireClientCertificate());
  }

  @AfterAll
  static void stop() {
    guarded.close();
    encrypted.close();
  }

  @Test
  void anAclUserMaySaveUnderItsKeys() {
    try (var store = create(host(guarded), "redisUsername", "alice", "redisPassword", SECRET)) {
      store.open(TestTime.context());
      var key = key();
      apply(store, put(key, "x"));
      assertThat(text(store, key)).isEqualTo("x");
    }
    try (var store = RedisStateStore.at("redis://alice:" + SECRET + "@" + host(guarded))) {
      store.open(TestTime.context());
      store.probe(TestTime.in(java.time.Duration.ofSeconds(5)));
    }
  }

  @Test
  void whatAnAclUserMayNotIsAFailureThatStays() {
    try (var store = create(host(guarded), "redisUsername", "reader", "redisPassword", SECRET)) {
      store.open(TestTime.context());
      var failure =
          catchThrowableOfType(ComponentException.class, () -> apply(store, put(key(), "x")));
      assertThat(failure).hasMessageContaining("NOPERM");
      assertThat(failure.isTransient()).isFalse();
    }
  }

  @Test
  void aWrongPasswordIsNamedButNotPrinted() {
    var failure = failsToOpen(
        create(host(guarded), "redisUsername", "alice", "redisPassword", "not-the-secret"));
    assertThat(failure)
        .hasMessageContaining(host(guarded))
        .hasMessageContaining("does not accept the user name or password");
    assertThat(printed(failure)).doesNotContain("not-the-secret");
    assertThat(failure.isTransient()).isFalse();
  }

  @Test
  void aMissingPasswordIsNamed() {
    var failure = failsToOpen(create(host(guarded)));
    assertThat(failure).hasMessageContaining("NOAUTH");
    assertThat(failure.isTransient()).isFalse();
  }

  @Test
  void tlsWithACertificateOfTheClient() throws Exception {
    var certificate = encrypted.certificate().orElseThrow();
    var settings = RedisSettings.builder()
        .address("localhost", encrypted.port())
        .tls(certificate.certificateFile(), certificate.certificateFile(), certificate.keyFile())
        .build();
    try (var store = RedisStateStore.at(settings)) {
      store.open(TestTime.context());
      var key = key();
      apply(store, put(key, "x"));
      assertThat(text(store, key)).isEqualTo("x");
    }
    try (var store = create(
        host(encrypted),
        "enableTLS",
        "true",
        "insecureSkipTLSVerify",
        "true",
        "clientCert",
        Files.readString(certificate.certificateFile()),
        "clientKey",
        Files.readString(certificate.keyFile()))) {
      store.open(TestTime.context());
      store.probe(TestTime.in(java.time.Duration.ofSeconds(5)));
    }
  }

  @Test
  void aServerWithAnUnknownCertificateIsNotTrusted() {
    var other = TestCertificate.create();
    var failure = failsToOpen(RedisStateStore.at(RedisSettings.builder()
        .address("localhost", encrypted.port())
        .tls(other.certificateFile(), other.certificateFile(), other.keyFile())
        .build()));
    assertThat(failure).hasMessageContaining("TLS failed");
    assertThat(failure.isTransient()).isFalse();

    assertThat(failsToOpen(create(host(encrypted), "enableTLS", "true")))
        .hasMessageContaining("TLS failed");
  }

  @Test
  void plainTextToAServerThatWantsTlsIsAFailure() {
    failsToOpen(create(host(encrypted)));
  }

  private static RedisStateStore create(String host, String... settings) {
    var all = new HashMap<>(Map.of("redisHost", host));
    for (int i = 0; i < settings.length; i += 2) {
      all.put(settings[i], settings[i + 1]);
    }
    var spec = ComponentSpec.of("st", "state.redis", all);
    var store = (RedisStateStore) new RedisStateStore.Provider().create(spec);
    assertThat(spec.metadata().problems()).isEmpty();
    return store;
  }

  private static String host(RedisServer server) {
    return server.host() + ":" + server.port();
  }

  private static ComponentException failsToOpen(RedisStateStore store) {
    try (store) {
      var failure =
          catchThrowableOfType(ComponentException.class, () -> store.open(TestTime.context()));
      assertThat(failure).isNotNull();
      return failure;
    }
  }

  private static String printed(Throwable failure) {
    var text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
