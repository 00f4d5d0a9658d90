// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** An etag stands for one write of one key, and for nothing else. */
abstract class StateEtagContract extends StateTopic {
  StateEtagContract(StateStoreContract contract) {
    super(contract);
  }

  @Test
  void readingDoesNotChangeTheEtag() {
    String key = key("read");
    String etag = savedEtag(key, "value");

    assertThat(etag(key)).isEqualTo(etag);
    assertThat(
            store().getAll(List.of(key), byte[].class).entry(key).orElseThrow().etag())
        .isEqualTo(etag);
    assertThat(etag(key)).isEqualTo(etag);
  }

  @Test
  void everySaveGivesAnotherEtagEvenToEqualBytes() {
    String key = key("rewritten");
    var seen = new HashSet<String>();
    for (int i = 0; i < 10; i++) {
      save(key, "equal");
      assertThat(seen.add(etag(key))).as("etag %s is new", etag(key)).isTrue();
      store().saveAll(Map.of(key, bytes("equal")));
      assertThat(seen.add(etag(key))).as("etag %s is new", etag(key)).isTrue();
      save(key, "equal", SaveOptions.ifMatch(etag(key)));
      assertThat(seen.add(etag(key))).as("etag %s is new", etag(key)).isTrue();
      save(key, "equal", SaveOptions.defaults().expireAfter(LONG));
      assertThat(seen.add(etag(key))).as("etag %s is new", etag(key)).isTrue();
    }
  }

  @Test
  void everyTransactionGivesAnotherEtag() {
    assumeTransactions();
    String key = key("rewritten");
    String other = key("other");
    var seen = new HashSet<String>();
    for (int i = 0; i < 10; i++) {
      store().transaction(tx -> tx.save(key, bytes("equal")).save(other, bytes("equal")));
      assertThat(seen.add(etag(key))).as("etag %s is new", etag(key)).isTrue();
    }
  }

  @Test
  void anEtagServesOneSave() {
    String key = key("once");
    String etag = savedEtag(key, "first");
    save(key, "second", SaveOptions.ifMatch(etag));

    assertMismatch(() -> save(key, "third", SaveOptions.ifMatch(etag)), key, etag);
    assertMismatch(() -> store().delete(key, DeleteOptions.ifMatch(etag)), key, etag);
    assertValue(key, "second");
  }

  @Test
  void anEtagServesOneDelete() {
    String key = key("once");
    String etag = savedEtag(key, "first");
    store().delete(key, DeleteOptions.ifMatch(etag));

    assertAbsent(key);
    assertMismatch(() -> store().delete(key, DeleteOptions.ifMatch(etag)), key, etag);
    assertMismatch(() -> save(key, "second", SaveOptions.ifMatch(etag)), key, etag);
    assertAbsent(key);
  }

  @Test
  void aRefusedWriteLeavesTheEtagValid() {
    String key = key("kept");
    String etag = savedEtag(key, "first");
    String wrong = foreignEtag();
    assertMismatch(() -> save(key, "refused", SaveOptions.ifMatch(wrong)), key, wrong);
    assertMismatch(() -> save(key, "refused", SaveOptions.firstWrite()), key, null);
    assertMismatch(() -> store().delete(key, DeleteOptions.ifMatch(wrong)), key, wrong);

    assertThat(etag(key)).isEqualTo(etag);
    save(key, "second", SaveOptions.ifMatch(etag));
    assertValue(key, "second");
  }

  @Test
  void theEtagOfAnotherKeyDoesNotServe() {
    String key = key("mine");
    save(key, "mine");
    String foreign = foreignEtag();

    assertMismatch(() -> save(key, "theirs", SaveOptions.ifMatch(foreign)), key, foreign);
    assertMismatch(() -> store().delete(key, DeleteOptions.ifMatch(foreign)), key, foreign);
    assertValue(key, "mine");
  }

  @Test
  void afterADeleteFirstWriteIsFreeAgain() {
    String key = key("recreated");
    save(key, "first", SaveOptions.firstWrite());
    store().delete(key, DeleteOptions.ifMatch(etag(key)));
    save(key, "second", SaveOptions.firstWrite());

    assertMismatch(() -> save(key, "third", SaveOptions.firstWrite()), key, null);
    assertValue(key, "second");
  }

  @Test
  void theFailureHasDaprsCode() {
    String key = key("code");
    save(key, "value");
    String wrong = foreignEtag();

    var save = assertMismatch(() -> save(key, "x", SaveOptions.ifMatch(wrong)), key, wrong);
    assertThat(save.errorCode()).isEqualTo("ERR_STATE_SAVE");
    assertThat(save.malformedReason()).isNull();
    var delete =
        assertMismatch(() -> store().delete(key, DeleteOptions.ifMatch(wrong)), key, wrong);
    assertThat(delete.errorCode()).isEqualTo("ERR_STATE_DELETE");
    assertThat(delete.malformedReason()).isNull();
  }

  /** Whether an etag is called malformed or merely wrong is up to the store; both are refused. */
  @TestFactory
  Stream<DynamicTest> anEtagThatNoStoreIssuedIsRefused() {
    return Stream.of(
            "not an etag",
            "0",
            "-1",
            "0x1",
            "1.0",
            "99999999999999999999999",
            " ",
            "*",
            "%",
            "null",
            "'",
            "' OR '1'='1",
            "\"",
            "{}",
            "\u00E9\uD83D\uDE00",
            "00000000-0000-0000-0000-000000000000",
            "x".repeat(1000))
        .map(odd -> dynamicTest("etag \"" + odd + "\"", named("etag " + odd, () -> {
          String key = key("odd etag " + odd);
          String missing = key("missing " + odd);
          String etag = savedEtag(key, "value");

          assertMismatch(() -> save(key, "x", SaveOptions.ifMatch(odd)), key, odd);
          assertMismatch(() -> store().delete(key, DeleteOptions.ifMatch(odd)), key, odd);
          assertMismatch(() -> save(missing, "x", SaveOptions.ifMatch(odd)), missing, odd);
          assertMismatch(() -> store().delete(missing, DeleteOptions.ifMatch(odd)), missing, odd);
          assertValue(key, "value");
          assertThat(etag(key)).isEqualTo(etag);
          assertAbsent(missing);
        })));
  }

  @Test
  void anEtagWithSomethingAddedIsRefused() {
    String key = key("nearly");
    String etag = savedEtag(key, "value");
    for (String nearly : List.of(etag + "x", "x" + etag, etag + "\n", etag + etag)) {
      assertMismatch(() -> save(key, "x", SaveOptions.ifMatch(nearly)), key, nearly);
      assertMismatch(() -> store().delete(key, DeleteOptions.ifMatch(nearly)), key, nearly);
    }
    assertValue(key, "value");
  }
}
