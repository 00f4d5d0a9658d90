// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.pillion.state.SaveOptions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The time to live of a save: the typed option, or Dapr's request metadata. */
class TimeToLiveTest {
  private static SaveOptions metadata(String text) {
    return SaveOptions.defaults().metadata("ttlInSeconds", text);
  }

  @ParameterizedTest
  @CsvSource({"PT1S, 1", "PT0.000000001S, 1", "PT1.5S, 2", "PT60S, 60", "PT2147483647S, 2147483647"
  })
  void theTypedOptionIsRoundedUpToWholeSeconds(Duration typed, long seconds) {
    assertThat(TimeToLive.of(SaveOptions.defaults().expireAfter(typed)))
        .isEqualTo(Duration.ofSeconds(seconds));
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "60, 60", "2147483647, 2147483647", "+5, 5", "007, 7"})
  void theMetadataFormInSeconds(String text, long seconds) {
    assertThat(TimeToLive.of(metadata(text))).isEqualTo(Duration.ofSeconds(seconds));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-1", "-0"})
  void noExpiry(String text) {
    assertThat(TimeToLive.of(metadata(text))).isNull();
  }

  @Test
  void noneAtAllIsNoExpiry() {
    assertThat(TimeToLive.of(SaveOptions.defaults())).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"-2", "2147483648", "9999999999999999999", "1.5", "abc", " 1", "1s", "0x10", "٣"})
  void everythingElseIsRefusedInDaprsWords(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TimeToLive.of(metadata(text)))
        .withMessageStartingWith("incorrect value for metadata 'ttlInSeconds': ");
  }

  @Test
  void theNameIsExact() {
    assertThat(TimeToLive.of(SaveOptions.defaults().metadata("TTLInSeconds", "60")))
        .isNull();
  }

  @Test
  void theTypedOptionWins() {
    assertThat(TimeToLive.of(metadata("60").expireAfter(Duration.ofSeconds(5))))
        .isEqualTo(Duration.ofSeconds(5));
  }
}
