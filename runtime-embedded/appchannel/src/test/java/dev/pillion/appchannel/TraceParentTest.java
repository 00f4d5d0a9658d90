// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceParentTest {
  private static final String TEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final String BINARY =
      "0000" + "0af7651916cd43dd8448eb211c80319c" + "01" + "b7ad6b7169203331" + "0201";

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  @Test
  void bothFormsSayTheSame() {
    assertThat(TraceParent.of(TEXT).orElseThrow().toBinary()).isEqualTo(bytes(BINARY));
    assertThat(TraceParent.of(bytes(BINARY)).orElseThrow()).hasToString(TEXT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01"
      })
  void aTextThatIsNoneIsNone(String text) {
    assertThat(TraceParent.of(text)).isEmpty();
  }

  /** A byte too few or too many, another version, fields under other numbers. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00000af7651916cd43dd8448eb211c80319c01b7ad6b716920333102",
        "00000af7651916cd43dd8448eb211c80319c01b7ad6b7169203331020100",
        "01000af7651916cd43dd8448eb211c80319c01b7ad6b71692033310201",
        "00010af7651916cd43dd8448eb211c80319c01b7ad6b71692033310201",
        "00000af7651916cd43dd8448eb211c80319c02b7ad6b71692033310201",
        "00000af7651916cd43dd8448eb211c80319c01b7ad6b71692033310301"
      })
  void bytesThatAreNoneAreNone(String hex) {
    assertThat(TraceParent.of(bytes(hex))).isEmpty();
  }
}
