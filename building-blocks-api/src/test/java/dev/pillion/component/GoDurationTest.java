// SPDX-License-Identifier: Apache-2.0
package dev.pillion.component;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoDurationTest {
  @ParameterizedTest
  @CsvSource({
    "5s, PT5S",
    "500ms, PT0.5S",
    "1h2m3s, PT1H2M3S",
    "1.5h, PT1H30M",
    ".5s, PT0.5S",
    "5.s, PT5S",
    "-5s, PT-5S",
    "+5s, PT5S",
    "0, PT0S",
    "0s, PT0S",
    "1us, PT0.000001S",
    "1µs, PT0.000001S",
    "1μs, PT0.000001S",
    "3ns, PT0.000000003S",
    "0.1ns, PT0S",
    "7, PT7M",
    "-1, PT-1M",
    "' 5s ', PT5S",
    "1m1m, PT2M",
  })
  void readsWhatGoReads(String text, Duration duration) {
    assertThat(GoDuration.parse(text, Duration.ofMinutes(1))).isEqualTo(duration);
  }

  @ParameterizedTest
  @CsvSource({
    "PT0S, 0s",
    "PT0.000000003S, 3ns",
    "PT0.0000015S, 1.5µs",
    "PT0.5S, 500ms",
    "PT5S, 5s",
    "PT1.25S, 1.25s",
    "PT90S, 1m30s",
    "PT1M, 1m0s",
    "PT1H, 1h0m0s",
    "PT49H0M3S, 49h0m3s",
    "PT-5S, -5s",
  })
  void writesAsGoWrites(Duration duration, String text) {
    assertThat(GoDuration.format(duration)).isEqualTo(text);
    assertThat(GoDuration.parse(text, Duration.ofMinutes(1))).isEqualTo(duration);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "s",
        "5 s",
        "1d",
        "5S",
        "1h 2m",
        "--5s",
        "5ss",
        "1.2.3s",
        "0x5s",
        "abc",
        "5.",
        "1e3s",
        "٣s",
        "99999999999999999999h"
      })
  void refusesWhatGoRefuses(String text) {
    assertThat(GoDuration.parse(text, Duration.ofMinutes(1))).isNull();
  }
}
