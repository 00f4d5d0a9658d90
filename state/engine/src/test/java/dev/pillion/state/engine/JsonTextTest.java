// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.SerializationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextTest {
  private static String compact(String json) {
    return new String(JsonText.compact(json.getBytes(UTF_8)), UTF_8);
  }

  private static SerializationException refused(byte[] json) {
    return catchThrowableOfType(SerializationException.class, () -> JsonText.compact(json));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\": 1} -> {\"a\":1}",
        "  [ 1 , 2 ]\n  -> [1,2]",
        "{ \"b\" : { } , \"a\" : [ ] } -> {\"b\":{},\"a\":[]}",
        "\"a b\" -> \"a b\"",
        " null  -> null",
        "true -> true",
        "{\"a\":\"<x> & \\n \\\"q\\\"\"} -> {\"a\":\"<x> & \\n \\\"q\\\"\"}",
        "\"\\u00e9 \\ud83d\\ude00 😀\" -> \"é 😀 😀\"",
      })
  void dropsWhiteSpaceAndNothingElse(String row) {
    var parts = row.split(" -> ", 2);
    assertThat(compact(parts[0])).isEqualTo(parts[1]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.0",
        "1.10",
        "1e5",
        "1E+400",
        "-0",
        "-0.0",
        "3.14159265358979323846264338327950288",
        "123456789012345678901234567890",
        "0.1e-9999999"
      })
  void numbersKeepTheirDigits(String number) {
    assertThat(compact(number)).isEqualTo(number);
    assertThat(compact("{\"n\": [" + number + " ]}")).isEqualTo("{\"n\":[" + number + "]}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "canary",
        "{\"canary\":",
        "{\"canary\":1,}",
        "{canary:1}",
        "'canary'",
        "\"canary",
        "[\"canary\"",
        "{\"a\":\"canary\u0001\"}",
        "01",
        "+1",
        ".5",
        "NaN",
        "nulll",
        "\"canary\\x\"",
        "{\"canary\":1,\"canary\":2}",
        "\ufeff{\"canary\":1}",
        "/* canary */ 1",
        "}"
      })
  void whatIsNotJsonIsRefusedWithoutQuotingIt(String text) {
    assertThat(refused(text.getBytes(UTF_8)))
        .isNotNull()
        .hasNoCause()
        .hasMessageStartingWith("the value is marked as application/json but ")
        .message()
        .doesNotContain("canary");
  }

  @Test
  void halfAnEscapedCharacterStaysEscaped() {
    assertThat(compact("[ \"\\ud800\" ]")).isEqualToIgnoringCase("[\"\\ud800\"]");
  }

  @Test
  void saysWhereItStopsBeingJson() {
    assertThat(refused("{\"a\": canary}".getBytes(UTF_8)))
        .message()
        .containsPattern("at byte \\d+");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1 2", "{} {}", "\"a\" \"canary\"", "[] ,"})
  void onlyOneText(String texts) {
    assertThat(refused(texts.getBytes(UTF_8))).isNotNull().message().doesNotContain("canary");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\n\t"})
  void emptyIsNotJson(String empty) {
    assertThat(refused(empty.getBytes(UTF_8))).message().contains("is empty");
  }

  @Test
  void otherEncodingsThanUtf8AreRefused() {
    assertThat(refused("{\"a\":1}".getBytes(UTF_16LE))).isNotNull();
    assertThat(refused(new byte[] {'"', (byte) 0xc3, (byte) 0x28, '"'})).isNotNull();
    assertThat(refused(new byte[] {'"', (byte) 0xff, '"'})).isNotNull();
    assertThat(refused(new byte[] {0, 0, (byte) 0xfe, (byte) 0xff, 0, 0, 0, '1'}))
        .isNotNull();
  }

  @Test
  void nestingHasALimit() {
    int sound = 400;
    assertThat(compact("[".repeat(sound) + "]".repeat(sound))).hasSize(2 * sound);
    int tooDeep = 100_000;
    assertThat(refused(("[".repeat(tooDeep) + "]".repeat(tooDeep)).getBytes(UTF_8)))
        .isNotNull()
        .message()
        .contains("nested too deeply");
    assertThat(refused("{\"a\":".repeat(tooDeep).getBytes(UTF_8))).isNotNull();
  }

  @Test
  void knowsWhatIsJson() {
    assertThat(JsonText.isJson("[1]".getBytes(UTF_8))).isTrue();
    assertThat(JsonText.isJson("map[a:1]".getBytes(UTF_8))).isFalse();
    assertThatExceptionOfType(SerializationException.class)
        .isThrownBy(() -> compact("map[a:1]"))
        .matches(e -> e.errorCode().equals("ERR_MALFORMED_REQUEST"));
  }
}
