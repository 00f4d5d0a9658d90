// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionTextTest {
  @Test
  void pairsAreSeparatedBySpace() {
    assertThat(ConnectionText.parse(" host=db   port = 5433\tdbname=orders\nuser=me "))
        .isEqualTo(Map.of("host", "db", "port", "5433", "database", "orders", "user", "me"));
  }

  @Test
  void quotedValuesKeepSpacesAndEscapes() {
    assertThat(ConnectionText.parse("password='a b=\\'c\\\\d' user='' application_name=''"))
        .isEqualTo(Map.of("password", "a b='c\\d", "application_name", ""));
  }

  @Test
  void backslashEscapesOnlyItselfAndTheQuote() {
    assertThat(ConnectionText.parse("password=a\\'b\\\\c\\d").get("password"))
        .isEqualTo("a'b\\c\\d");
  }

  @Test
  void urlHasAllParts() {
    assertThat(
            ConnectionText.parse(
                "postgresql://me:s%40c%2Fret@db.example:5433/or%20ders?sslmode=require&search_path=a%2Cb&x=1+2"))
        .isEqualTo(Map.of(
            "user", "me",
            "password", "s@c/ret",
            "host", "db.example",
            "port", "5433",
            "database", "or ders",
            "sslmode", "require",
            "search_path", "a,b",
            "x", "1 2"));
  }

  @Test
  void urlMayLackParts() {
    assertThat(ConnectionText.parse("postgres://")).isEmpty();
    assertThat(ConnectionText.parse("postgres:///orders")).isEqualTo(Map.of("database", "orders"));
    assertThat(ConnectionText.parse("postgres://db?user=me"))
        .isEqualTo(Map.of("host", "db", "user", "me"));
  }

  @Test
  void urlMayNameSeveralHosts() {
    assertThat(ConnectionText.parse("postgres://a:1,[::1]:2,c/x"))
        .isEqualTo(Map.of("host", "a,::1,c", "port", "1,2", "database", "x"));
  }

  @Test
  void theLastAtSignEndsThePassword() {
    assertThat(ConnectionText.parse("postgres://me:a@b@db/x"))
        .isEqualTo(Map.of("user", "me", "password", "a@b", "host", "db", "database", "x"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hunter2",
        "host=db hunter2",
        "password='hunter2",
        "password=hunter2\\",
        "=hunter2",
        "postgres://me:hunter2%4@db/x",
        "postgres://me:hunter2%zz@db/x"
      })
  void complaintsDoNotQuoteTheText(String text) {
    assertThatThrownBy(() -> ConnectionText.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .isNotEmpty()
        .doesNotContain("hunter2");
  }
}
