// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.pillion.component.ComponentMetadata;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Stored keys as Dapr 1.18 writes them. */
class KeyPrefixTest {
  private static KeyPrefix of(Map<String, String> settings, String namespace) {
    var metadata = ComponentMetadata.of(settings);
    var prefix = KeyPrefix.of("st", "orders", namespace, metadata);
    assertThat(metadata.problems()).isEmpty();
    return prefix;
  }

  @ParameterizedTest
  @CsvSource({
    "appid, orders||k1",
    "AppID, orders||k1",
    "name, st||k1",
    "NAME, st||k1",
    "none, k1",
    "MyTeam, myteam||k1",
    "'with space', 'with space||k1'",
    "a|b, a|b||k1",
    "'', ||k1",
  })
  void daprsStrategies(String strategy, String stored) {
    assertThat(of(Map.of("keyPrefix", strategy), "").apply("k1")).isEqualTo(stored);
    assertThat(of(Map.of("KEYPREFIX", strategy), "prod").apply("k1")).isEqualTo(stored);
  }

  @Test
  void theAppIdIsThePrefixUnlessSaidOtherwise() {
    assertThat(of(Map.of(), "").apply("k1")).isEqualTo("orders||k1");
    assertThat(of(Map.of(), "prod").apply("k1")).isEqualTo("orders||k1");
  }

  @Test
  void namespaceFallsBackToTheAppId() {
    var settings = Map.of("keyPrefix", "namespace");
    assertThat(of(settings, "prod").apply("k1")).isEqualTo("prod.orders||k1");
    assertThat(of(settings, "").apply("k1")).isEqualTo("orders||k1");
  }

  @Test
  void aSingleBarIsAllowedInAKey() {
    assertThat(of(Map.of(), "").apply("a|b")).isEqualTo("orders||a|b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"||", "a||b", "|||", "a||"})
  void aKeyWithTheSeparatorIsRefusedInDaprsWords(String key) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> of(Map.of("keyPrefix", "none"), "").apply(key))
        .withMessageStartingWith("input key/keyPrefix '" + key + "' can't contain '||'");
  }

  @Test
  void anEmptyKeyIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> of(Map.of(), "").apply(""))
        .withMessageContaining("empty");
  }

  @Test
  void aPrefixWithTheSeparatorIsAProblemThatDoesNotQuoteIt() {
    var metadata = ComponentMetadata.of(Map.of("keyPrefix", "canary||x"));
    KeyPrefix.of("st", "orders", "", metadata);
    assertThat(metadata.problems())
        .singleElement()
        .asString()
        .contains("\"keyPrefix\"", "||")
        .doesNotContain("canary");
  }
}
