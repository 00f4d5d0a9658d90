// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.pillion.TypeRef;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Any bytes under any key come back as they were. */
abstract class StateValueContract extends StateTopic {
  private static final ReadOptions AS_JSON =
      ReadOptions.defaults().metadata("contentType", "application/json");

  StateValueContract(StateStoreContract contract) {
    super(contract);
  }

  @Test
  void aMissingKeyReadsAsEmpty() {
    String key = key("missing");

    assertThat(store().get(key, byte[].class)).isEmpty();
    assertThat(store().entry(key, byte[].class)).isEmpty();
    var entries = store().getAll(List.of(key), byte[].class);
    assertThat(entries.found()).isEmpty();
    assertThat(entries.failures()).isEmpty();
    assertThat(entries.get(key)).isEmpty();
  }

  @Test
  void aSavedValueIsFoundByEveryVerb() {
    String key = key("saved");
    save(key, "value");
    var type = TypeRef.of(byte[].class);

    assertThat(store().get(key, byte[].class)).contains(bytes("value"));
    assertThat(store().get(key, byte[].class, ReadOptions.strong())).contains(bytes("value"));
    assertThat(store().get(key, type, ReadOptions.defaults())).contains(bytes("value"));
    assertThat(entry(key).key()).isEqualTo(key);
    assertThat(entry(key).value()).isEqualTo(bytes("value"));
    assertThat(
            store().entry(key, byte[].class, ReadOptions.strong()).orElseThrow().etag())
        .isEqualTo(etag(key));
    assertThat(store().entry(key, type, ReadOptions.defaults()).orElseThrow().etag())
        .isEqualTo(etag(key));
    assertThat(store().getAll(List.of(key), byte[].class).get(key)).contains(bytes("value"));
    assertThat(store().getAll(List.of(key), type, ReadOptions.strong()).get(key))
        .contains(bytes("value"));
  }

  @Test
  void aLaterSaveReplacesTheValue() {
    String key = key("replaced");
    save(key, "a longer first value");
    save(key, "second");
    save(key, "third", SaveOptions.defaults().strong());

    assertValue(key, "third");
  }

  @Test
  void aDeletedValueIsGone() {
    String key = key("deleted");
    save(key, "value");
    store().delete(key);

    assertAbsent(key);
    assertThat(store().entry(key, byte[].class)).isEmpty();
    assertThat(store().getAll(List.of(key), byte[].class).found()).isEmpty();
  }

  @Test
  void deletingAMissingKeyIsFine() {
    String key = key("never there");
    store().delete(key);
    store().delete(key, DeleteOptions.defaults());

    assertAbsent(key);
  }

  @Test
  void aDeletedKeyCanBeSavedAgain() {
    String key = key("again");
    save(key, "first");
    store().delete(key);
    save(key, "second");

    assertValue(key, "second");
  }

  @TestFactory
  Stream<DynamicTest> everyValueComesBackAsItWas() {
    return oddValues().entrySet().stream().map(odd -> {
      String name = odd.getKey();
      byte[] value = odd.getValue();
      return dynamicTest(name, named(name, () -> {
        String saved = key(name + " saved");
        String inBulk = key(name + " in bulk");
        store().save(saved, value);
        store().saveAll(Map.of(inBulk, value, key(name + " beside"), bytes("beside")));

        for (String key : List.of(saved, inBulk)) {
          assertThat(store().get(key, byte[].class).orElseThrow()).isEqualTo(value);
          assertThat(entry(key).value()).isEqualTo(value);
        }
        var all = store().getAll(List.of(saved, inBulk), byte[].class);
        assertThat(all.get(saved).orElseThrow()).isEqualTo(value);
        assertThat(all.get(inBulk).orElseThrow()).isEqualTo(value);
      }));
    });
  }

  static Map<String, byte[]> oddValues() {
    var values = new LinkedHashMap<String, byte[]>();
    values.put("no bytes", new byte[0]);
    values.put("one zero byte", new byte[1]);
    byte[] every = new byte[256];
    for (int i = 0; i < every.length; i++) {
      every[i] = (byte) i;
    }
    values.put("all 256 byte values", every);
    values.put(
        "invalid UTF-8", new byte[] {(byte) 0xC3, 0x28, (byte) 0xFF, (byte) 0xFE, (byte) 0x80});
    values.put("a UTF-8 byte order mark", new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF, 'a'});
    byte[] large = new byte[1 << 20];
    new Random(1).nextBytes(large);
    values.put("1 MiB", large);
    Stream.of(
            "{\"b\": 1, \"a\":2}",
            "[1, 2]",
            "\"quoted\"",
            "null",
            "true",
            "3.14159265358979",
            "1e400",
            "YWJj",
            "YWJj==",
            "\\x616263",
            "{\"data\":1,\"version\":1}",
            "not {json",
            " spaces \t\r\n",
            "it's; DROP TABLE state; --",
            "$1 ? :x %s",
            "\uD83D\uDE00 e\u0301")
        .forEach(text -> values.put("the text " + text.strip(), bytes(text)));
    return values;
  }

  @Test
  void everyKeyIsItsOwn() {
    List<String> keys = oddKeys();
    keys.forEach(key -> save(key, "value of " + key));
    keys.forEach(key -> {
      assertValue(key, "value of " + key);
      assertThat(entry(key).key()).isEqualTo(key);
    });

    var all = store().getAll(keys, byte[].class);
    assertThat(all.found().keySet()).containsExactlyElementsOf(keys);
    keys.forEach(
        key -> assertThat(all.get(key).map(v -> new String(v, UTF_8))).contains("value of " + key));

    for (int i = 0; i < keys.size(); i += 2) {
      store().delete(keys.get(i));
    }
    for (int i = 0; i < keys.size(); i++) {
      if (i % 2 == 0) {
        assertAbsent(keys.get(i));
      } else {
        assertValue(keys.get(i), "value of " + keys.get(i));
      }
    }
  }

  @Test
  void everyKeyServesInBulk() {
    List<String> keys = oddKeys();
    store().bulk(changes -> keys.forEach(key -> changes.save(key, bytes("value of " + key))));
    keys.forEach(key -> assertValue(key, "value of " + key));

    store().deleteAll(keys);
    assertThat(store().getAll(keys, byte[].class).found()).isEmpty();
  }

  @Test
  void everyKeyServesInATransaction() {
    assumeTransactions();
    List<String> keys = oddKeys();
    store().transaction(tx -> keys.forEach(key -> tx.save(key, bytes("value of " + key))));
    keys.forEach(key -> assertValue(key, "value of " + key));

    store().transaction(tx -> keys.forEach(tx::delete));
    assertThat(store().getAll(keys, byte[].class).found()).isEmpty();
  }

  private List<String> oddKeys() {
    return Stream.of(
            "plain",
            "Plain",
            "PLAIN",
            "plain ",
            " plain",
            "pl ain",
            "a",
            "aa",
            "a/b",
            "a//b",
            "/",
            "../a",
            "a%2Fb",
            "a%b",
            "a_b",
            "a?b",
            "a*b",
            "[ab]",
            "a+b",
            "a&b=c#d",
            "a\\b",
            "a\"b",
            "a'b",
            "a''b",
            "a`b",
            "a|b",
            "|",
            "a:b",
            "a;b",
            "a,b",
            "{a}",
            "{a",
            "}",
            "{}",
            "a\nb",
            "a\r\nb",
            "a\tb",
            "\uD83D\uDE00",
            "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
            "\u00E9",
            "e\u0301",
            "\u4E2D\u6587",
            "\u05E9\u05DC\u05D5\u05DD",
            "\u0130",
            "i\u0307",
            "stra\u00DFe",
            "strasse",
            "\u200B",
            "\uFEFF",
            "$1",
            "null",
            "0",
            "00",
            "last-cleanup",
            "x".repeat(1000),
            "x".repeat(999) + "y")
        .map(this::key)
        .toList();
  }

  @TestFactory
  Stream<DynamicTest> aKeyThatIsEmptyOrContainsTheSeparatorIsRefused() {
    return Stream.of("", "||", "a||b", "a||", "||a", "|||").flatMap(bad -> {
      String good = key("good");
      var calls = new LinkedHashMap<String, ThrowingCallable>();
      calls.put("get", () -> store().get(bad, byte[].class));
      calls.put("entry", () -> store().entry(bad, byte[].class));
      calls.put("getAll", () -> store().getAll(List.of(good, bad), byte[].class));
      calls.put("save", () -> store().save(bad, bytes("v")));
      calls.put("saveAll", () -> {
        var values = new LinkedHashMap<String, byte[]>();
        values.put(good, bytes("v"));
        values.put(bad, bytes("v"));
        store().saveAll(values);
      });
      calls.put("delete", () -> store().delete(bad));
      calls.put("deleteAll", () -> store().deleteAll(List.of(good, bad)));
      calls.put("bulk", () -> store().bulk(c -> c.save(good, bytes("v")).delete(bad)));
      calls.put("transaction", () -> store()
          .transaction(tx -> tx.save(good, bytes("v")).save(bad, bytes("v"))));
      return calls.entrySet().stream().map(call -> {
        String name = call.getKey() + " of \"" + bad + "\"";
        return dynamicTest(name, named(name, () -> {
          assertThatThrownBy(call.getValue()).isInstanceOf(IllegalArgumentException.class);
          assertAbsent(good);
        }));
      });
    });
  }

  @TestFactory
  Stream<DynamicTest> aTypeOrOptionsInPlaceOfAValueIsRefused() {
    return Stream.of(
            String.class,
            TypeRef.of(String.class),
            Optional.of("value"),
            SaveOptions.defaults(),
            ReadOptions.defaults(),
            DeleteOptions.defaults())
        .map(wrong -> dynamicTest(wrong.getClass().getSimpleName(), () -> {
          String key = key("wrong");
          assertThatThrownBy(() -> store().save(key, wrong))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> store().bulk(changes -> changes.save(key, wrong)))
              .isInstanceOf(IllegalArgumentException.class);
          assertAbsent(key);
        }));
  }

  /** Stores with a JSON type may print it anew; these texts have no spaces to lose inside. */
  @TestFactory
  Stream<DynamicTest> aValueMarkedAsJsonComesBackAsEqualJson() {
    return Stream.of(
            "{\"a\":1}",
            "[1,2,[]]",
            "\"abc\"",
            "\"\"",
            "true",
            "0",
            "-1.5",
            "3.14159265358979",
            "{\"o\":{\"x\":null}}")
        .map(json -> dynamicTest(json, named(json, () -> {
          String key = key("json " + json);
          store().save(key, bytes(json), SaveOptions.defaults().contentType("application/json"));

          String read = new String(store().get(key, byte[].class, AS_JSON).orElseThrow(), UTF_8);
          assertThat(read.replaceAll("\\s", "")).isEqualTo(json);
        })));
  }
}
