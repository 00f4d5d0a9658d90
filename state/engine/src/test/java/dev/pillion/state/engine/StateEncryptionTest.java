// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.pillion.ComponentException;
import dev.pillion.SerializationException;
import dev.pillion.TypeRef;
import dev.pillion.call.CallChain;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.StateChange;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records as Dapr 1.18 encrypts them, and what may be wrong with one. */
class StateEncryptionTest {
  private static final String KEY =
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  private static final String OTHER =
      "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";
  private static final String E1 = "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu7||state-key";
  private static final String E2 = "AAECAwQFBgcICQoLPCC3Of/Uv/leDUorNT/XZP722B+wgyY=||state-key";
  private static final String E3 = "AAECAwQFBgcICQoLKmOmQKTf80b9St9JZ8ay7GukqHO20OhN||state-key";
  private static final String E4 =
      "AAECAwQFBgcICQoLHDPmL+XU8iqtcKezkdhIVaPntgWtm8Q2WAg4stsRQk4RXi9z8g==||state-key";

  private static final int RECORD_OF_5 = 4 * ((5 + 28 + 2) / 3) + 2 + 9;

  private final ScriptedStore component = new ScriptedStore();

  private StateStore store(Map<String, String> settings, Map<String, String> secretNames) {
    var engine = new StateEngine("orders", "", new TestJson(), CallChain.of(List.of()));
    var metadata = ComponentMetadata.of(settings, secretNames);
    engine.check("st", metadata);
    assertThat(metadata.problems()).isEmpty();
    return engine.store("st", component, metadata);
  }

  private StateStore store() {
    return store(Map.of("primaryEncryptionKey", KEY), Map.of("primaryEncryptionKey", "state-key"));
  }

  private void stored(String text) {
    component.stored.put("orders||k1", text.getBytes(UTF_8));
  }

  private String text(String stored) {
    stored(stored);
    return new String(store().get("k1", byte[].class).orElseThrow(), UTF_8);
  }

  private String encrypted(String plain) {
    var metadata = ComponentMetadata.of(
        Map.of("primaryEncryptionKey", KEY), Map.of("primaryEncryptionKey", "state-key"));
    return new String(StateEncryption.of("st", metadata).encrypt(plain.getBytes(UTF_8)), UTF_8);
  }

  @Test
  void readsDaprsGoldenValues() {
    assertThat(text(E1)).isEqualTo("hello");
    assertThat(text(E2)).isEqualTo("{\"a\":1}");
    assertThat(text(E3)).isEqualTo("map[a:1]");
    assertThat(text(E4)).isEqualTo("[104 101 108 108 111]");
  }

  @Test
  void writesDaprsLayout() {
    store().save("k1", "hello".getBytes(UTF_8));
    var put = (StateChange.Put) component.given.get(0);
    assertThat(put.value().isJson()).isFalse();
    var record = new String(put.value().bytes(), UTF_8);
    assertThat(record).endsWith("||state-key").hasSize(RECORD_OF_5);
    var sealed = Base64.getDecoder().decode(record.substring(0, record.indexOf("||")));
    assertThat(sealed).hasSize(12 + 5 + 16);
    assertThat(text(record)).isEqualTo("hello");
  }

  @Test
  void theLimitOfTheStoreIsThatOfTheRecord() {
    component.maxValueSize = RECORD_OF_5;
    store().save("k1", "hello".getBytes(UTF_8));
    component.maxValueSize = RECORD_OF_5 - 1;
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> store().save("k1", "hello".getBytes(UTF_8)))
        .withMessageContaining("at most 54");
  }

  @Test
  void everyRecordHasItsOwnNonce() {
    var store = store();
    store.save("k1", "same".getBytes(UTF_8));
    var first = component.stored.get("orders||k1");
    store.save("k1", "same".getBytes(UTF_8));
    assertThat(component.stored.get("orders||k1")).isNotEqualTo(first);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 24, 32})
  void allThreeKeyLengths(int bytes) {
    var key = HexFormat.of().formatHex(new byte[bytes]);
    var store = store(Map.of("primaryEncryptionKey", key), Map.of("primaryEncryptionKey", "s"));
    store.save("k1", new byte[] {1});
    assertThat(store.get("k1", byte[].class)).contains(new byte[] {1});
    store.save("empty", new byte[0]);
    assertThat(store.get("empty", byte[].class)).contains(new byte[0]);
  }

  @Test
  void objectsAreEncryptedAsTheirJsonNeverAsText() {
    store().save("k1", Map.of("a", 1));
    assertThat(text(new String(component.stored.get("orders||k1"), UTF_8))).isEqualTo("{\"a\":1}");
    store().save("k1", "hello");
    assertThat(text(new String(component.stored.get("orders||k1"), UTF_8))).isEqualTo("\"hello\"");
    store().transaction(tx -> tx.save("k1", "hello".getBytes(UTF_8)));
    assertThat(text(new String(component.stored.get("orders||k1"), UTF_8))).isEqualTo("hello");
  }

  @Test
  void bytesMarkedAsJsonAreCheckedBeforeTheyAreEncrypted() {
    var json = SaveOptions.defaults().contentType("application/json");
    store().save("k1", "{\"a\": 1}".getBytes(UTF_8), json);
    assertThat(text(new String(component.stored.get("orders||k1"), UTF_8))).isEqualTo("{\"a\": 1}");
    var put = (StateChange.Put) component.given.get(0);
    assertThat(put.value().isJson()).isFalse();
    assertThat(put.isMarkedJson()).as("a store would keep the record as JSON").isFalse();
    assertThatExceptionOfType(SerializationException.class)
        .isThrownBy(() -> store().save("k1", "{".getBytes(UTF_8), json));
  }

  @Test
  void rotationReadsBothAndWritesThePrimary() {
    stored(E1);
    var rotated = store(
        Map.of("primaryEncryptionKey", OTHER, "secondaryEncryptionKey", KEY),
        Map.of("primaryEncryptionKey", "new-key", "secondaryEncryptionKey", "state-key"));
    assertThat(rotated.get("k1", byte[].class)).contains("hello".getBytes(UTF_8));
    rotated.save("k1", "again".getBytes(UTF_8));
    assertThat(new String(component.stored.get("orders||k1"), UTF_8)).endsWith("||new-key");
    assertThat(rotated.get("k1", byte[].class)).contains("again".getBytes(UTF_8));
  }

  @Test
  void aSecretNameMayHoldSingleBars() {
    var store = store(Map.of("primaryEncryptionKey", KEY), Map.of("primaryEncryptionKey", "a|b"));
    store.save("k1", new byte[] {7});
    assertThat(store.get("k1", byte[].class)).contains(new byte[] {7});
  }

  @Test
  void anEmptyRecordIsAnEmptyValue() {
    component.stored.put("orders||k1", new byte[0]);
    assertThat(store().get("k1", byte[].class)).contains(new byte[0]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "canary -> names no key",
        "canary|state-key -> names no key",
        "{\"canary\":1} -> names no key",
        "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu7|| -> encryption key name not found",
        "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu7||old -> with the key \"old\"; the store has [state-key]",
        "canary!||state-key -> not base64",
        "AAECAwQFBgcICQoLL2e6d6onl_81O4oEbSgjbc2dBXu7||state-key -> not base64",
        "||state-key -> cut short",
        "AAECAwQFBgcI||state-key -> cut short",
        "AAECAwQFBgcICQoL||state-key -> cut short",
        "AAECAwQFBgcICQoLL2e6||state-key -> cut short",
        "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgj||state-key -> cut short",
        "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBQ==||state-key -> does not fit the key \"state-key\"",
        "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu8||state-key -> does not fit the key",
        "BAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu7||state-key -> does not fit the key",
      })
  void everyMalformedRecordIsExplainedWithoutQuotingIt(String row) {
    var parts = row.split(" -> ", 2);
    stored(parts[0]);
    assertThatExceptionOfType(SerializationException.class)
        .isThrownBy(() -> store().get("k1", byte[].class))
        .withMessageStartingWith("fail to get k1 from state store st: could not decrypt data")
        .withMessageContaining(parts[1])
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("canary", KEY));
  }

  @Test
  void oneMalformedRecordDoesNotFailTheOthersOfABulkRead() {
    stored(E1);
    component.stored.put("orders||k2", "canary".getBytes(UTF_8));
    var read = store().getAll(List.of("k1", "k2"), byte[].class);
    assertThat(read.get("k1")).contains("hello".getBytes(UTF_8));
    assertThat(read.failures()).containsOnlyKeys("k2");
  }

  @Test
  void readsTheTextsThatADaprdEncryptsInPlaceOfJson() {
    var store = store();
    stored(E1);
    assertThat(store.get("k1", String.class)).contains("hello");
    stored(E2);
    assertThat(store.get("k1", new TypeRef<Map<String, Integer>>() {}, ReadOptions.defaults()))
        .contains(Map.of("a", 1));
    stored(encrypted("<nil>"));
    assertThat(store.get("k1", String.class)).isEmpty();
    stored(encrypted("1e+06"));
    assertThat(store.get("k1", Long.class)).contains(1_000_000L);
    // A gRPC transaction of the bytes {"a":1}, and of "hello" with its quotes
    stored(encrypted("[123 34 97 34 58 49 125]"));
    assertThat(store.get("k1", new TypeRef<Map<String, Integer>>() {}, ReadOptions.defaults()))
        .contains(Map.of("a", 1));
    stored(encrypted("[34 104 105 34]"));
    assertThat(store.get("k1", String.class)).contains("hi");
  }

  @Test
  void aStringThatOnlyLooksLikeBytesIsTheString() {
    stored(encrypted("[1 2 3]"));
    assertThat(store().get("k1", String.class)).contains("[1 2 3]");
    stored(encrypted("[999 999]"));
    assertThat(store().get("k1", String.class)).contains("[999 999]");
  }

  @Test
  void jsonOfAnotherTypeIsAFailureAsItIsWithoutEncryption() {
    stored(encrypted("{\"a\":1}"));
    assertThatExceptionOfType(SerializationException.class)
        .isThrownBy(() -> store().get("k1", String.class));
    stored(encrypted("[49]"));
    assertThatExceptionOfType(SerializationException.class)
        .isThrownBy(() -> store().get("k1", Integer.class));
  }

  @Test
  void goSyntaxOfObjectsIsNotGuessedAt() {
    stored(E3);
    assertThatExceptionOfType(SerializationException.class)
        .isThrownBy(
            () -> store().get("k1", new TypeRef<Map<String, Integer>>() {}, ReadOptions.defaults()))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("map[a:1]"));
    assertThat(store().get("k1", String.class)).contains("map[a:1]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "canary",
        "00",
        "000102030405060708090a0b0c0d0e",
        "zz0102030405060708090a0b0c0d0e0f",
        "000102030405060708090a0b0c0d0e0f10"
      })
  void aKeyThatIsNoneIsAProblemThatDoesNotQuoteIt(String key) {
    assertThat(problems(
            Map.of("primaryEncryptionKey", key), Map.of("primaryEncryptionKey", "state-key")))
        .singleElement()
        .asString()
        .contains("\"primaryEncryptionKey\" must be 16, 24 or 32 bytes in hexadecimal")
        .doesNotContain(key.equals("00") ? "\"00\"" : key);
  }

  @Test
  void aKeyNeedsTheNameOfItsSecret() {
    assertThat(problems(Map.of("primaryEncryptionKey", KEY), Map.of()))
        .singleElement()
        .asString()
        .contains("secretKeyRef")
        .doesNotContain(KEY);
    assertThat(
            problems(Map.of("primaryEncryptionKey", KEY), Map.of("primaryEncryptionKey", "a||b")))
        .singleElement()
        .asString()
        .contains("||")
        .doesNotContain(KEY);
  }

  @Test
  void aSecondaryKeyNeedsAPrimaryOfAnotherName() {
    assertThat(problems(
            Map.of("secondaryEncryptionKey", KEY), Map.of("secondaryEncryptionKey", "old")))
        .singleElement()
        .asString()
        .contains("\"secondaryEncryptionKey\" needs a \"primaryEncryptionKey\"");
    assertThat(problems(
            Map.of("primaryEncryptionKey", KEY, "secondaryEncryptionKey", OTHER),
            Map.of("primaryEncryptionKey", "same", "secondaryEncryptionKey", "same")))
        .singleElement()
        .asString()
        .contains("same secret \"same\"");
  }

  private static List<String> problems(
      Map<String, String> settings, Map<String, String> secretNames) {
    var metadata = ComponentMetadata.of(settings, secretNames);
    new StateEngine("orders", "", new TestJson(), CallChain.of(List.of())).check("st", metadata);
    return metadata.problems();
  }
}
