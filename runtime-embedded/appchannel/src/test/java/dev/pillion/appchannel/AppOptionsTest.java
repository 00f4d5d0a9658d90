// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.appchannel.AppOptions.HealthCheck;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class AppOptionsTest {
  private static AppOptions options() {
    return AppOptions.onPort(3000, Map.of());
  }

  @Test
  void defaultsAreDaprs() {
    var options = options();
    assertThat(options.host()).isEqualTo("127.0.0.1");
    assertThat(options.port()).isEqualTo(3000);
    assertThat(options.token()).isNull();
    assertThat(options.maxConcurrency()).isZero();
    assertThat(options.maxBodySize()).isEqualTo(4 * 1024 * 1024);
    assertThat(options.healthCheck()).isNull();
    assertThat(HealthCheck.DEFAULT)
        .isEqualTo(new HealthCheck("/healthz", Duration.ofSeconds(5), Duration.ofMillis(500), 3));
  }

  @Test
  void theTokenIsTheEnvironmentsUnlessSetAndNeverShown() {
    var options = AppOptions.onPort(3000, Map.of("APP_API_TOKEN", "secret-1"));
    assertThat(options.token()).isEqualTo("secret-1");
    assertThat(options.token("secret-2").token()).isEqualTo("secret-2");
    assertThat(options.toString()).doesNotContain("secret").contains("token=***");
  }

  @Test
  void everyOptionIsSetOnACopyAndKeepsTheOthers() {
    var options = options();
    var all = options
        .host("::1")
        .token("secret")
        .maxConcurrency(7)
        .maxBodySize(8)
        .maxHeaderSize(9)
        .healthCheck(HealthCheck.DEFAULT);
    assertThat(all.toString())
        .startsWith(
            "AppOptions[[::1]:3000, token=***, maxConcurrency=7, maxBodySize=8, maxHeaderSize=9");
    assertThat(all.healthCheck()).isEqualTo(HealthCheck.DEFAULT);
    assertThat(options.toString()).startsWith("AppOptions[127.0.0.1:3000, token=none");
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, true",
    "127.8.0.1, true",
    "::1, true",
    "localhost, true",
    "LOCALHOST, true",
    "10.0.0.1, false",
    "::2, false",
    "0.0.0.0, false",
    "app.example, false",
    "localhost.example, false"
  })
  void thisMachineIsToldByNameOrAddressAlone(String host, boolean loopback) {
    assertThat(options().host(host).isLoopback()).isEqualTo(loopback);
  }

  private static Arguments wrong(ThrowingCallable made, String message) {
    return Arguments.of(message, made);
  }

  private static HealthCheck check(String path, int interval, int timeout, int threshold) {
    return new HealthCheck(
        path, Duration.ofMillis(interval), Duration.ofMillis(timeout), threshold);
  }

  static Stream<Arguments> wrongOptions() {
    return Stream.of(
        wrong(() -> AppOptions.onPort(0, Map.of()), "the app's port is 1 to 65535, not 0"),
        wrong(() -> AppOptions.onPort(65_536, Map.of()), "the app's port is 1 to 65535"),
        wrong(() -> options().host(" "), "the app's host can't be empty"),
        wrong(
            () -> options().host("http://localhost"),
            "a name or address, without scheme, port, path and brackets, not \"http://localhost\""),
        wrong(() -> options().host("localhost:3000"), "without scheme, port"),
        wrong(() -> options().host("[::1]"), "without scheme, port, path and brackets"),
        wrong(() -> options().host("local host"), "a name or address"),
        wrong(() -> options().token(""), "the app's token (APP_API_TOKEN) can't be empty"),
        wrong(() -> options().token("a\nb"), "the app's token (APP_API_TOKEN)"),
        wrong(
            () -> AppOptions.onPort(1, Map.of("APP_API_TOKEN", "ö")),
            "the app's token (APP_API_TOKEN)"),
        wrong(() -> options().maxConcurrency(-2), "the app's maximum concurrency"),
        wrong(() -> options().maxBodySize(0), "the app's maximum body size must be positive"),
        wrong(() -> options().maxHeaderSize(-1), "the app's maximum header size"),
        wrong(() -> check("healthz", 5, 1, 1), "must begin with \"/\""),
        wrong(() -> check("/", 0, 1, 1), "the interval of a health check"),
        wrong(() -> check("/", 5, 0, 1), "the timeout of a health check"),
        wrong(() -> check("/", 5, 6, 1), "at most its interval PT0.005S, not PT0.006S"),
        wrong(() -> check("/", 5, 5, 0), "the threshold of a health check"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongOptions")
  void aWrongOptionIsRefusedAtOnce(String message, ThrowingCallable made) {
    assertThatThrownBy(made)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
