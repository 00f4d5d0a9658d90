// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RedisServerIT {
  @Test
  void startsAndAnswers() throws IOException {
    try (RedisServer redis = RedisServer.start();
        RespConnection connection = RespConnection.open(redis.host(), redis.port())) {
      assertThat(connection.text("PING")).isEqualTo("PONG");
      assertThat(redis.uri()).hasToString("redis://127.0.0.1:" + redis.port());
      assertThat(redis.certificate()).isEmpty();
    }
  }

  @Test
  void keepsPortAndDataOverAnOrderlyRestart() throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      int port = redis.port();
      set(redis, "kept");
      redis.stop();
      assertThatThrownBy(redis::connect).isInstanceOf(IOException.class);
      redis.restart();
      assertThat(redis.port()).isEqualTo(port);
      assertThat(get(redis)).isEqualTo("kept");
    }
  }

  @Test
  void losesUnsavedDataInACrash() throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      set(redis, "lost");
      redis.kill();
      redis.restart();
      assertThat(get(redis)).isEqualTo("null");
    }
  }

  @Test
  void keepsAcknowledgedDataInACrashWithAppendFsyncAlways() throws IOException {
    try (RedisServer redis = RedisServer.start(new RedisOptions().appendFsyncAlways())) {
      set(redis, "kept");
      redis.kill();
      redis.restart();
      assertThat(get(redis)).isEqualTo("kept");
    }
  }

  @Test
  void answersNothingWhilePausedAndExecutesLater() throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      redis.pause();
      RespConnection paused =
          RespConnection.open(redis.host(), redis.port(), Optional.empty(), Duration.ofMillis(300));
      assertThatThrownBy(() -> paused.call("SET", "key", "late"))
          .isInstanceOf(UncheckedIOException.class);
      redis.resume();
      Await.until(Duration.ofSeconds(5), () -> "the late SET is not there", () -> get(redis)
          .equals("late"));
      paused.close();
    }
  }

  @Test
  void stopsAndRestartsWhilePaused() throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      set(redis, "kept");
      redis.pause();
      redis.restart();
      assertThat(get(redis)).isEqualTo("kept");
    }
  }

  @Test
  void asksForThePassword() throws IOException {
    try (RedisServer redis = RedisServer.start(new RedisOptions().password("s3cret"));
        RespConnection connection = RespConnection.open(redis.host(), redis.port())) {
      assertThat(redis.uri()).hasToString("redis://:s3cret@127.0.0.1:" + redis.port());
      assertThatThrownBy(() -> connection.call("PING")).hasMessageStartingWith("NOAUTH");
      assertThat(connection.text("AUTH", "s3cret")).isEqualTo("OK");
      assertThat(connection.text("PING")).isEqualTo("PONG");
    }
  }

  @Test
  void holdsUsersToTheirRules() throws IOException {
    RedisOptions options =
        new RedisOptions().user("reader", "r", "~orders* +get").withoutDefaultUser();
    try (RedisServer redis = RedisServer.start(options);
        RespConnection connection = RespConnection.open(redis.host(), redis.port())) {
      assertThatThrownBy(() -> connection.call("PING")).hasMessageStartingWith("NOAUTH");
      connection.call("AUTH", "reader", "r");
      assertThat(connection.call("GET", "orders1")).isNull();
      assertThatThrownBy(() -> connection.call("GET", "secrets")).hasMessageStartingWith("NOPERM");
      assertThatThrownBy(() -> connection.call("SET", "orders1", "1"))
          .hasMessageStartingWith("NOPERM");
    }
  }

  @Test
  void speaksTlsToWhomTrustsItsCertificate() throws IOException {
    try (RedisServer redis = RedisServer.start(new RedisOptions().tls().password("s3cret"))) {
      assertThat(redis.uri()).hasToString("rediss://:s3cret@127.0.0.1:" + redis.port());
      try (RespConnection connection = redis.connect()) {
        assertThat(connection.text("PING")).isEqualTo("PONG");
      }
      TestCertificate other = TestCertificate.create();
      assertThatThrownBy(() -> open(redis, other).call("PING"))
          .hasStackTraceContaining("SSLHandshakeException");
    }
  }

  @Test
  void asksForAClientCertificate() throws IOException {
    TestCertificate certificate = TestCertificate.create();
    RedisOptions options = new RedisOptions().tls(certificate).requireClientCertificate();
    try (RedisServer redis = RedisServer.start(options);
        RespConnection connection = open(redis, certificate)) {
      assertThat(connection.text("PING")).isEqualTo("PONG");
      assertThat(certificate.certificateFile()).content().startsWith("-----BEGIN CERTIFICATE-----");
      assertThat(certificate.keyFile()).content().startsWith("-----BEGIN PRIVATE KEY-----");
    }
  }

  @Test
  void saysWhatItPrintedWhenItDoesNotStart() {
    assertThatThrownBy(() -> RedisServer.start(new RedisOptions().setting("no-such-setting", "1")))
        .hasMessageContaining("no-such-setting");
  }

  @Test
  void takesAFixedPort() {
    int port = Ports.free();
    try (RedisServer redis = RedisServer.start(new RedisOptions().port(port))) {
      assertThat(redis.port()).isEqualTo(port);
      assertThatThrownBy(() -> RedisServer.start(new RedisOptions().port(port)))
          .hasMessageContaining("Address already in use");
    }
  }

  @Test
  void refusesOptionsThatWouldBreakItsConfiguration() {
    RedisOptions options = new RedisOptions();
    assertThatThrownBy(() -> options.port(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.password("two words"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.setting("a", "b\nc"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(options.settings()).isEmpty();
  }

  @Test
  void usesButNeverSteersAServerOfTheEnvironment() throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      RedisServer named = RedisServer.at(redis.uri(), "TEST_REDIS_URI");
      assertThat(named.port()).isEqualTo(redis.port());
      assertThatThrownBy(named::stop)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("TEST_REDIS_URI");
      assertThatThrownBy(named::pause).isInstanceOf(IllegalStateException.class);
      named.close();
      assertThat(get(redis)).isEqualTo("null");
    }
  }

  private static RespConnection open(RedisServer redis, TestCertificate trusted)
      throws IOException {
    return RespConnection.open(
        redis.host(), redis.port(), Optional.of(trusted.sslContext().getSocketFactory()));
  }

  private static void set(RedisServer redis, String value) throws IOException {
    try (RespConnection connection = redis.connect()) {
      assertThat(connection.text("SET", "key", value)).isEqualTo("OK");
    }
  }

  private static String get(RedisServer redis) throws IOException {
    try (RespConnection connection = redis.connect()) {
      return connection.text("GET", "key");
    }
  }
}
