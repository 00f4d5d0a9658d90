// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SortedJsonTest {
  private static String sorted(byte[] json) throws IOException {
    var out = new JsonBytes(0);
    SortedJson.write(json, out);
    return new String(out.toByteArray(), UTF_8);
  }

  private static String sorted(String json) throws IOException {
    return sorted(json.getBytes(UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "{\"b\":1,\"a\":2}                  | {\"a\":2,\"b\":1}",
        "{\"a\":1,\"B\":2,\"_\":3}          | {\"B\":2,\"_\":3,\"a\":1}",
        "{\"ab\":1,\"a\":2,\"\":3}          | {\"\":3,\"a\":2,\"ab\":1}",
        "[{\"b\":{\"d\":[],\"c\":{}}}]      | [{\"b\":{\"c\":{},\"d\":[]}}]",
        "{ \"a\" : [ 1 , 2 ] }              | {\"a\":[1,2]}",
        "{\"a\":1,\"b\":2,\"a\":3}          | {\"a\":3,\"b\":2}",
        "{\"a\":1,\"a\":{\"b\":2,\"b\":3}}  | {\"a\":{\"b\":3}}",
        "{\"\\u0061\":1,\"a\":2}            | {\"a\":2}",
        // By the name, not by how it is spelled.
        "{\"=\":1,\"<\":2}                  | {\"\\u003c\":2,\"=\":1}",
        // By bytes, where UTF-16 has another order.
        "{\"\ud83d\ude00\":1,\"\uff01\":2}  | {\"\uff01\":2,\"\ud83d\ude00\":1}",
      })
  void namesAreInTheOrderOfTheirBytesAndComeOnce(String json, String expected) throws IOException {
    assertThat(sorted(json)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "\"<>&\\u2028\\u2029\"              | \"\\u003c\\u003e\\u0026\\u2028\\u2029\"",
        "\"\u2028\u2029\u2027\u202a\"       | \"\\u2028\\u2029\u2027\u202a\"",
        "\"\\u0008\\f\\n\\r\\t\\u0000\\u001f\" | \"\\b\\f\\n\\r\\t\\u0000\\u001f\"",
        "\"\\/\\u002f\u007f\\\"\\\\\"       | \"//\u007f\\\"\\\\\"",
        "\"\\u00e9\\ud83d\\ude00\"          | \"\u00e9\ud83d\ude00\"",
        "\"\u07ff\u0800\uffff\ud800\udc00\udbff\udfff\" | \"\u07ff\u0800\uffff\ud800\udc00\udbff\udfff\"",
        "\"\\ud83d\"                        | \"\ufffd\"",
        "\"\\ude00\\ud83d\"                 | \"\ufffd\ufffd\"",
        "\"\\ud83d\\ud83d\\ude00x\"         | \"\ufffd\ud83d\ude00x\"",
      })
  void textsAreEscapedAsInGo(String json, String expected) throws IOException {
    assertThat(sorted(json)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\ud83d", "\\ude00", "a\\ud83d\\ud83d\\ude00"})
  void aNameWithHalfACharacterIsRefused(String name) {
    assertThatIOException().isThrownBy(() -> sorted("{\"" + name + "\":1}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.0",
        "1.10",
        "1e3",
        "1E+400",
        "-0",
        "-0.0",
        "12345678901234567890",
        "0.1e-99999999999"
      })
  void numbersKeepTheirDigits(String number) throws IOException {
    assertThat(sorted(number)).isEqualTo(number);
    assertThat(sorted("{\"n\":[ " + number + " ]}")).isEqualTo("{\"n\":[" + number + "]}");
  }

  @Test
  void aNumberMayBeVeryLong() throws IOException {
    String number = "7".repeat(1_000_000);
    assertThat(sorted("[" + number + "]")).isEqualTo("[" + number + "]");
  }

  @Test
  void manyMembersAndLongTextsAreSorted() throws IOException {
    var json = new StringBuilder("{");
    for (int i = 9_999; i >= 1_000; i--) {
      json.append("\"k").append(i).append("\":\"").append("é<".repeat(i % 50)).append("\",");
    }
    json.setCharAt(json.length() - 1, '}');
    String sorted = sorted(json.toString());
    String[] members = sorted.substring(1, sorted.length() - 1).split(",");
    assertThat(members).hasSize(9_000).isSorted();
    assertThat(sorted(sorted)).isEqualTo(sorted);
  }

  @ParameterizedTest
  @CsvSource({
    "c0 80, 2", // longer than needed
    "e0 80 80, 3",
    "ed a0 80, 3", // a surrogate
    "f0 80 80 80, 4",
    "f4 90 80 80, 4", // beyond U+10FFFF
    "f8, 1",
    "80, 1",
    "e2 82, 2", // cut short
    "f0 9f 98, 3",
  })
  void eachByteOfBrokenUtf8IsReplaced(String hex, int replacements) throws IOException {
    byte[] middle = java.util.HexFormat.ofDelimiter(" ").parseHex(hex);
    byte[] json = Arrays.copyOf("\"0123456789".getBytes(UTF_8), 11 + middle.length + 2);
    System.arraycopy(middle, 0, json, 11, middle.length);
    json[json.length - 2] = 'z';
    json[json.length - 1] = '"';
    assertThat(sorted(json)).isEqualTo("\"0123456789" + "\ufffd".repeat(replacements) + "z\"");
    var out = new JsonBytes(0);
    out.string(middle);
    assertThat(new String(out.toByteArray(), UTF_8))
        .isEqualTo('"' + "\\ufffd".repeat(replacements) + '"');
  }
}
