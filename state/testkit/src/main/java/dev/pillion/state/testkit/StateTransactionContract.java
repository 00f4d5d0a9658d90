// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.pillion.EtagMismatchException;
import dev.pillion.TransactionException;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A transaction is applied as a whole or not at all. */
abstract class StateTransactionContract extends StateTopic {
  StateTransactionContract(StateStoreContract contract) {
    super(contract);
  }

  @BeforeEach
  final void theStoreHasTransactions() {
    assumeTransactions();
  }

  @Test
  void allChangesAreApplied() {
    String created = key("created");
    String replaced = key("replaced");
    String conditional = key("conditional");
    String first = key("first");
    String deleted = key("deleted");
    String conditionally = key("conditionally deleted");
    for (String key : List.of(replaced, conditional, deleted, conditionally)) {
      save(key, "old");
    }
    String etag = etag(conditional);
    String deletedEtag = etag(conditionally);
    store().transaction(tx -> tx.save(created, bytes("new"))
        .delete(deleted)
        .save(replaced, bytes("new"))
        .save(conditional, bytes("new"), SaveOptions.ifMatch(etag))
        .delete(conditionally, DeleteOptions.ifMatch(deletedEtag))
        .delete(key("missing"))
        .save(first, bytes("new"), SaveOptions.firstWrite()));

    for (String key : List.of(created, replaced, conditional, first)) {
      assertValue(key, "new");
    }
    assertAbsent(deleted);
    assertAbsent(conditionally);
    assertAbsent(key("missing"));
  }

  @Test
  void whatItWroteCarriesOn() {
    String one = key("one");
    String two = key("two");
    store().transaction(tx -> tx.save(one, bytes("1")).save(two, bytes("1")));
    String etag = etag(one);
    save(one, "2", SaveOptions.ifMatch(etag));
    store().delete(two, DeleteOptions.ifMatch(etag(two)));

    assertValue(one, "2");
    assertAbsent(two);
    assertMismatch(() -> save(one, "3", SaveOptions.ifMatch(etag)), one, etag);
  }

  /**
   * Each failing condition at each of three positions, between a save and a delete that could be.
   */
  @TestFactory
  Stream<DynamicTest> oneFailingConditionLeavesNothingChanged() {
    var failing = new LinkedHashMap<String, BiConsumer<StateChanges, Victim>>();
    failing.put(
        "save over a stale etag",
        (tx, victim) -> tx.save(victim.key, bytes("new"), SaveOptions.ifMatch(victim.staleEtag)));
    failing.put(
        "delete of a stale etag",
        (tx, victim) -> tx.delete(victim.key, DeleteOptions.ifMatch(victim.staleEtag)));
    failing.put(
        "first-write over a value",
        (tx, victim) -> tx.save(victim.key, bytes("new"), SaveOptions.firstWrite()));
    failing.put(
        "save with a malformed etag",
        (tx, victim) -> tx.save(victim.key, bytes("new"), SaveOptions.ifMatch("not an etag")));
    failing.put(
        "delete with a malformed etag",
        (tx, victim) -> tx.delete(victim.key, DeleteOptions.ifMatch("not an etag")));
    failing.put(
        "save with an etag of a missing key",
        (tx, victim) ->
            tx.save(victim.missing, bytes("new"), SaveOptions.ifMatch(victim.staleEtag)));
    failing.put(
        "delete with an etag of a missing key",
        (tx, victim) -> tx.delete(victim.missing, DeleteOptions.ifMatch(victim.staleEtag)));
    return failing.entrySet().stream().flatMap(entry -> IntStream.range(0, 3).mapToObj(position -> {
      String name = entry.getKey() + " at position " + position;
      return dynamicTest(name, named(name, () -> leavesNothing(position, entry.getValue())));
    }));
  }

  private void leavesNothing(int position, BiConsumer<StateChanges, Victim> failing) {
    var victim = Victim.in(this);
    String saved = key("saved " + position + victim.key);
    String created = key("created " + position + victim.key);
    String deleted = key("deleted " + position + victim.key);
    save(saved, "old", SaveOptions.defaults().expireAfter(LONG));
    save(deleted, "old");
    List<String> kept = List.of(saved, deleted, victim.key);
    List<String> etags = kept.stream().map(this::etag).toList();
    var expiry = entry(saved).expiresAt();

    var failure = thrown(TransactionException.class, () -> store().transaction(tx -> {
      if (position == 0) {
        failing.accept(tx, victim);
      }
      tx.save(saved, bytes("new"));
      if (position == 1) {
        failing.accept(tx, victim);
      }
      tx.save(created, bytes("new"), SaveOptions.defaults().expireAfter(LONG)).delete(deleted);
      if (position == 2) {
        failing.accept(tx, victim);
      }
    }));

    assertThat(failure.errorCode()).isEqualTo("ERR_STATE_TRANSACTION");
    assertThat(failure.getCause()).isInstanceOf(EtagMismatchException.class);
    kept.forEach(key -> assertValue(key, "old"));
    assertThat(kept.stream().map(this::etag)).isEqualTo(etags);
    assertThat(entry(saved).expiresAt()).isEqualTo(expiry);
    assertAbsent(created);
    assertAbsent(victim.missing);
  }

  /** A key with an etag it had before, and a key without value. */
  private record Victim(String key, String staleEtag, String missing) {
    static Victim in(StateTopic topic) {
      String name = UUID.randomUUID().toString();
      String key = topic.key("victim " + name);
      String stale = topic.savedEtag(key, "older");
      topic.save(key, "old");
      return new Victim(key, stale, topic.key("missing " + name));
    }
  }

  @Test
  void theCauseNamesTheFirstChangeWhoseConditionFailed() {
    String one = key("one");
    String two = key("two");
    save(one, "old");
    save(two, "old");
    String wrong = foreignEtag();

    var failure = thrown(TransactionException.class, () -> store()
        .transaction(tx -> tx.save(key("good"), bytes("new"))
            .save(two, bytes("new"), SaveOptions.ifMatch(wrong))
            .save(one, bytes("new"), SaveOptions.firstWrite())));

    assertMismatch(failure.getCause(), two, wrong);
    assertAbsent(key("good"));
    assertValue(one, "old");
    assertValue(two, "old");
  }

  @Test
  void theLaterChangeOfOneKeyWins() {
    String saved = key("saved");
    String deleted = key("deleted");
    String recreated = key("recreated");
    save(recreated, "old");
    store().transaction(tx -> tx.save(saved, bytes("first"))
        .save(deleted, bytes("first"))
        .delete(recreated)
        .save(saved, bytes("second"))
        .delete(deleted)
        .save(recreated, bytes("second")));

    assertValue(saved, "second");
    assertAbsent(deleted);
    assertValue(recreated, "second");
    assertThat(etag(saved)).isNotEmpty();
  }

  @Test
  void aConditionOnTheFirstChangeOfOneKeyCounts() {
    String key = key("twice");
    String etag = savedEtag(key, "old");
    store().transaction(tx -> tx.save(key, bytes("first"), SaveOptions.ifMatch(etag))
        .save(key, bytes("second")));
    assertValue(key, "second");

    var failure = thrown(TransactionException.class, () -> store()
        .transaction(tx ->
            tx.save(key, bytes("third"), SaveOptions.ifMatch(etag)).save(key, bytes("fourth"))));
    assertMismatch(failure.getCause(), key, etag);
    assertValue(key, "second");

    String fresh = key("fresh");
    store().transaction(tx -> tx.save(fresh, bytes("first"), SaveOptions.firstWrite())
        .delete(fresh)
        .save(fresh, bytes("second")));
    assertValue(fresh, "second");
  }

  @Test
  void fiveHundredChangesAreApplied() {
    List<String> keys = keys(500);
    for (int i = 0; i < keys.size(); i += 2) {
      save(keys.get(i), "old");
    }
    large(tx -> {
      for (int i = 0; i < keys.size(); i++) {
        if (i % 4 == 0) {
          tx.delete(keys.get(i));
        } else {
          tx.save(keys.get(i), bytes("new " + i));
        }
      }
    });

    var read = store().getAll(keys, byte[].class);
    for (int i = 0; i < keys.size(); i++) {
      if (i % 4 == 0) {
        assertThat(read.get(keys.get(i))).isEmpty();
      } else {
        assertThat(read.get(keys.get(i))).contains(bytes("new " + i));
      }
    }
  }

  @Test
  void fiveHundredChangesAreAllRefusedForTheLast() {
    List<String> keys = keys(500);
    String last = key("last");
    save(last, "old");
    var failure = thrown(
        TransactionException.class,
        () -> large(tx -> {
          keys.forEach(key -> tx.save(key, bytes("new")));
          tx.save(last, bytes("new"), SaveOptions.firstWrite());
        }));

    assertMismatch(failure.getCause(), last, null);
    assertThat(store().getAll(keys, byte[].class).found()).isEmpty();
    assertValue(last, "old");
  }

  private void large(StateChanges.Writer<RuntimeException> writer) {
    try {
      store().transaction(writer);
    } catch (TransactionException e) {
      if (e.errorCode().equals("ERR_STATE_STORE_TOO_MANY_TRANSACTIONS")) {
        abort("not run: " + e.getMessage());
      }
      throw e;
    }
  }

  @Test
  void oddValuesComeBackAsTheyWere() {
    Map<String, byte[]> values = StateValueContract.oddValues();
    store().transaction(tx -> values.forEach((name, value) -> tx.save(key(name), value)));

    values.forEach((name, value) ->
        assertThat(store().get(key(name), byte[].class)).as(name).contains(value));
  }

  @Test
  void noChangeIsNothingToDo() {
    store().transaction(tx -> {});
  }

  @Test
  void aWriterThatThrowsSendsNothing() {
    String key = key("unsent");
    save(key("kept"), "old");
    var thrown = catchThrowable(() -> store().<IOException>transaction(tx -> {
      tx.save(key, bytes("value")).delete(key("kept"));
      throw new IOException("the writer's own");
    }));

    assertThat(thrown).isInstanceOf(IOException.class).hasMessage("the writer's own");
    assertAbsent(key);
    assertValue(key("kept"), "old");
  }

  @Test
  void theMomentOfExpiryIsPartOfIt() {
    String key = key("expiring");
    String plain = key("plain");
    save(plain, "old", SaveOptions.defaults().expireAfter(LONG));
    var told = entry(plain).expiresAt();
    store().transaction(tx -> tx.save(key, bytes("x"), SaveOptions.defaults().expireAfter(LONG))
        .save(plain, bytes("x")));

    assertThat(entry(plain).expiresAt()).isEmpty();
    assertThat(entry(key).expiresAt().isPresent())
        .as("tells when it expires, as after a single save")
        .isEqualTo(told.isPresent());
  }

  private List<String> keys(int count) {
    return IntStream.range(0, count).mapToObj(i -> key("many " + i)).toList();
  }
}
