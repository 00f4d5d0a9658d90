// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.pillion.component.ComponentMetadata;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SqlIdentifierTest {
  @ParameterizedTest
  @ValueSource(strings = {"state", "State_2", "_", "9"})
  void lettersDigitsAndUnderscoresArePlain(String name) {
    assertThat(SqlIdentifier.isPlain(name)).isTrue();
    assertThat(SqlIdentifier.require("table", name)).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a.b", "a;", "\"a\"", "ä", "a\n", "a-b"})
  void everythingElseIsNot(String name) {
    assertThat(SqlIdentifier.isPlain(name)).isFalse();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SqlIdentifier.require("table", name))
        .withMessageContaining("\"table\"");
  }

  @Test
  void aWrongSettingIsAProblemAndYieldsTheDefault() {
    var metadata = ComponentMetadata.of(Map.of("tableName", "a;drop"));
    assertThat(SqlIdentifier.read(metadata, "tableName", "state")).isEqualTo("state");
    assertThat(metadata.problems())
        .containsExactly(
            "\"tableName\" was \"a;drop\" but must consist of ASCII letters, digits and underscores");
  }

  @Test
  void anAbsentOrEmptySettingYieldsTheDefault() {
    var metadata = ComponentMetadata.of(Map.of("tableName", ""));
    assertThat(SqlIdentifier.read(metadata, "tableName", "state")).isEqualTo("state");
    assertThat(SqlIdentifier.read(metadata, "other", "x")).isEqualTo("x");
    assertThat(metadata.problems()).isEmpty();
  }
}
