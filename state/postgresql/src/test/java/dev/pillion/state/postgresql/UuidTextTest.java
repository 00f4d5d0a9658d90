// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UuidTextTest {
  private static final String UUID = "0123abcd-0123-4123-8123-0123456789ab";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0123abcd-0123-4123-8123-0123456789ab",
        "0123ABCD-0123-4123-8123-0123456789AB",
        "{0123abcd-0123-4123-8123-0123456789ab}",
        "urn:uuid:0123abcd-0123-4123-8123-0123456789ab",
        "URN:UUID:0123abcd-0123-4123-8123-0123456789ab",
        "0123abcd0123412381230123456789ab"
      })
  void spellingsOfDaprAreTaken(String text) {
    var normal = UuidText.normalize(text);
    assertThat(normal).isNotNull();
    assertThat(normal.replace("-", "")).isEqualToIgnoringCase(UUID.replace("-", ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "0123abcd-0123-4123-8123-0123456789a",
        "0123abcd-0123-4123-8123-0123456789abc",
        "0123abcd-0123-4123-8123-0123456789ag",
        "{0123abcd01234123812301234567 89ab}",
        "{0123abcd0123412381230123456789ab}",
        "urn:uuid:0123abcd0123412381230123456789ab",
        "0123abcd_0123-4123-8123-0123456789ab"
      })
  void othersAreNot(String text) {
    assertThat(UuidText.normalize(text)).isNull();
  }
}
