// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.pillion.BulkException;
import dev.pillion.EtagMismatchException;
import dev.pillion.TransactionException;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A value with a time to live goes by itself, and one without stays. */
abstract class StateTtlContract extends StateTopic {
  private static final SaveOptions SHORTLY = SaveOptions.defaults().expireAfter(SHORT);
  private static final SaveOptions FOR_LONG = SaveOptions.defaults().expireAfter(LONG);

  StateTtlContract(StateStoreContract contract) {
    super(contract);
  }

  /** All are prepared first, so that one wait serves them. */
  @TestFactory
  Stream<DynamicTest> afterTheTimeToLive() {
    var cases = new ArrayList<DynamicTest>();
    goes(cases, "a value that was saved for a short time", key -> save(key, "x", SHORTLY));
    goes(
        cases,
        "a value that first-write saved for a short time",
        key -> save(key, "x", SaveOptions.firstWrite().expireAfter(SHORT)));
    goes(
        cases,
        "a value that an etag save gave a time to live",
        key -> save(key, "x", SaveOptions.ifMatch(savedEtag(key, "old")).expireAfter(SHORT)));
    goes(cases, "a value whose later save gave it a time to live", key -> {
      save(key, "old");
      save(key, "x", SHORTLY);
    });
    goes(cases, "a value whose time to live was shortened", key -> {
      save(key, "old", FOR_LONG);
      save(key, "x", SHORTLY);
    });
    goes(
        cases,
        "a value saved for one millisecond, which is a second rounded up",
        key -> save(key, "x", SaveOptions.defaults().expireAfter(Duration.ofMillis(1))));
    goes(
        cases,
        "a value saved for a second and a half, which is two rounded up",
        key -> save(key, "x", SaveOptions.defaults().expireAfter(Duration.ofMillis(1500))));
    goes(cases, "a value saved alone in bulk", key -> store()
        .saveAll(Map.of(key, bytes("x")), SHORTLY));
    goes(cases, "a value saved among others in bulk", key -> store().bulk(changes -> changes
        .save(key + "2", bytes("x"), FOR_LONG)
        .save(key, bytes("x"), SHORTLY)
        .save(key + "3", bytes("x"))));
    goes(cases, "a value saved with strong consistency", key -> save(key, "x", SHORTLY.strong()));
    goes(cases, "no bytes saved for a short time", key -> save(key, "", SHORTLY));
    goes(cases, "a value whose longer time was refused by its etag", key -> {
      savedForShort(key, "x");
      refused(() -> save(key, "y", SaveOptions.ifMatch(foreignEtag()).expireAfter(LONG)));
    });
    goes(cases, "a value that a bulk call saved beside a refused one", key -> {
      save(key + "2", "x");
      refused(() -> store().bulk(changes -> changes
          .save(key + "2", bytes("y"), SaveOptions.firstWrite())
          .save(key, bytes("x"), SHORTLY)));
    });

    stays(cases, "a plain save over a time to live", key -> {
      save(key, "old", SHORTLY);
      save(key, "x");
    });
    stays(
        cases,
        "an etag save over a time to live",
        key -> againUntilApplied(
            () -> save(key, "x", SaveOptions.ifMatch(savedForShort(key, "old")))));
    stays(cases, "a plain save in bulk over a time to live", key -> {
      save(key, "old", SHORTLY);
      store().saveAll(Map.of(key, bytes("x"), key + "2", bytes("x")));
    });
    stays(cases, "a plain save after delete of a time to live", key -> {
      save(key, "old", SHORTLY);
      store().delete(key);
      save(key, "x");
    });
    stays(cases, "first-write after delete of a time to live", key -> {
      save(key, "old", SHORTLY);
      store().delete(key);
      save(key, "x", SaveOptions.firstWrite());
    });
    stays(cases, "a value whose time to live was extended", key -> {
      save(key, "old", SHORTLY);
      save(key, "x", FOR_LONG);
    });
    stays(
        cases,
        "a value saved for the longest time",
        key -> save(
            key, "x", SaveOptions.defaults().expireAfter(Duration.ofSeconds(Integer.MAX_VALUE))));
    stays(cases, "a value whose short time was refused by its etag", key -> {
      save(key, "x");
      refused(() -> save(key, "y", SaveOptions.ifMatch(foreignEtag()).expireAfter(SHORT)));
    });
    stays(cases, "a value whose short first-write was refused", key -> {
      save(key, "x");
      refused(() -> save(key, "y", SaveOptions.firstWrite().expireAfter(SHORT)));
    });
    stays(cases, "a value whose short time was refused in bulk", key -> {
      save(key, "x");
      refused(() -> store().bulk(changes -> changes
          .save(key, bytes("y"), SaveOptions.ifMatch(foreignEtag()).expireAfter(SHORT))
          .save(key + "2", bytes("y"), SHORTLY)));
    });
    awaitExpiry();
    return cases.stream();
  }

  @TestFactory
  Stream<DynamicTest> afterTheTimeToLiveInATransaction() {
    assumeTransactions();
    var cases = new ArrayList<DynamicTest>();
    goes(cases, "a value saved alone in a transaction", key -> store()
        .transaction(tx -> tx.save(key, bytes("x"), SHORTLY)));
    goes(cases, "a value saved among others in a transaction", key -> store()
        .transaction(tx -> tx.save(key + "2", bytes("x"), FOR_LONG)
            .save(key, bytes("x"), SHORTLY)
            .save(key + "3", bytes("x"))));
    goes(cases, "a value that an etag save in a transaction gave a time to live", key -> {
      String etag = savedEtag(key, "old");
      store().transaction(tx -> tx.save(key + "2", bytes("x"))
          .save(key, bytes("x"), SaveOptions.ifMatch(etag).expireAfter(SHORT)));
    });
    goes(cases, "a value that first-write in a transaction saved for a short time", key -> store()
        .transaction(tx -> tx.save(key + "2", bytes("x"))
            .save(key, bytes("x"), SaveOptions.firstWrite().expireAfter(SHORT))));
    goes(cases, "a value that a refused transaction would have kept", key -> {
      savedForShort(key, "x");
      refused(() -> store().transaction(tx -> tx.save(key, bytes("y"))
          .save(key + "2", bytes("y"), SaveOptions.ifMatch("not an etag"))));
    });
    goes(cases, "the second of two saves of one key in a transaction", key -> store()
        .transaction(tx -> tx.save(key, bytes("y")).save(key, bytes("x"), SHORTLY)));

    stays(cases, "a plain save in a transaction over a time to live", key -> {
      save(key, "old", SHORTLY);
      store().transaction(tx -> tx.save(key, bytes("x")).save(key + "2", bytes("x")));
    });
    stays(cases, "a plain save alone in a transaction over a time to live", key -> {
      save(key, "old", SHORTLY);
      store().transaction(tx -> tx.save(key, bytes("x")));
    });
    stays(
        cases,
        "an etag save in a transaction over a time to live",
        key -> againUntilApplied(() -> {
          var options = SaveOptions.ifMatch(savedForShort(key, "old"));
          store().transaction(tx -> tx.save(key + "2", bytes("x")).save(key, bytes("x"), options));
        }));
    stays(cases, "delete and save in a transaction over a time to live", key -> {
      save(key, "old", SHORTLY);
      store().transaction(tx -> tx.delete(key).save(key, bytes("x")));
    });
    stays(cases, "a value that a refused transaction would have given a time", key -> {
      save(key, "x");
      refused(() -> store().transaction(tx -> tx.save(key, bytes("y"), SHORTLY)
          .delete(key + "2", DeleteOptions.ifMatch("not an etag"))));
    });
    stays(cases, "the second of two saves of one key in a transaction", key -> store()
        .transaction(tx -> tx.save(key, bytes("y"), SHORTLY).save(key, bytes("x"))));
    awaitExpiry();
    return cases.stream();
  }

  private void goes(List<DynamicTest> cases, String name, Consumer<String> prepare) {
    String full = name + " is gone";
    String key = key(full);
    prepare.accept(key);
    cases.add(dynamicTest(full, named(full, () -> {
      assertThat(store().getAll(List.of(key), byte[].class).found()).isEmpty();
      assertThat(store().entry(key, byte[].class)).isEmpty();
      assertAbsent(key);
    })));
  }

  private void stays(List<DynamicTest> cases, String name, Consumer<String> prepare) {
    String full = name + " stays";
    String key = key(full);
    prepare.accept(key);
    cases.add(dynamicTest(full, named(full, () -> {
      assertValue(key, "x");
      assertThat(store().getAll(List.of(key), byte[].class).get(key)).contains(bytes("x"));
    })));
  }

  /** The old value may expire under a slow test's hands; then the etag is rightly refused. */
  private static void againUntilApplied(Runnable write) {
    for (int attempt = 1; ; attempt++) {
      try {
        write.run();
        return;
      } catch (EtagMismatchException | TransactionException e) {
        if (attempt == 20) {
          throw e;
        }
      }
    }
  }

  private static void refused(Runnable write) {
    assertThat(catchThrowable(write::run))
        .isInstanceOfAny(
            EtagMismatchException.class, BulkException.class, TransactionException.class);
  }

  @Test
  void anExpiredKeyStartsAfresh() {
    String saved = key("saved again");
    String first = key("first again");
    String deleted = key("deleted");
    for (String key : List.of(saved, first, deleted)) {
      save(key, "old", SHORTLY);
    }
    awaitExpiry();
    save(saved, "new");
    save(first, "new", SaveOptions.firstWrite());
    store().delete(deleted);
    awaitExpiry();

    assertValue(saved, "new");
    assertValue(first, "new");
    assertAbsent(deleted);
    assertThat(entry(saved).expiresAt()).isEmpty();
    assertThat(entry(first).expiresAt()).isEmpty();
  }

  @Test
  void theMomentOfExpiryIsTold() {
    String key = key("told");
    save(key, "x", FOR_LONG);

    assertThat(toldExpiry(key)).isCloseTo(now().plus(LONG), within(5, ChronoUnit.MINUTES));
    assertThat(
            store().getAll(List.of(key), byte[].class).entry(key).orElseThrow().expiresAt())
        .isEqualTo(entry(key).expiresAt());
  }

  @Test
  void theMomentOfExpiryFollowsTheLastSave() {
    String key = key("told");
    save(key, "x", FOR_LONG);
    toldExpiry(key);

    save(key, "x", SaveOptions.defaults().expireAfter(LONG.multipliedBy(5)));
    assertThat(toldExpiry(key))
        .isCloseTo(now().plus(LONG.multipliedBy(5)), within(5, ChronoUnit.MINUTES));
    store().saveAll(Map.of(key, bytes("x")), SaveOptions.ifMatch(etag(key)).expireAfter(LONG));
    assertThat(toldExpiry(key)).isCloseTo(now().plus(LONG), within(5, ChronoUnit.MINUTES));
  }

  @Test
  void aValueWithoutTimeToLiveTellsNone() {
    String key = key("plain");
    save(key, "x");
    assertThat(entry(key).expiresAt()).isEmpty();

    save(key, "x", FOR_LONG);
    save(key, "x");
    assertThat(entry(key).expiresAt()).isEmpty();
    assertThat(
            store().getAll(List.of(key), byte[].class).entry(key).orElseThrow().expiresAt())
        .isEmpty();
  }

  private Instant toldExpiry(String key) {
    return entry(key)
        .expiresAt()
        .orElseGet(() -> abort("not run: the store does not tell when a value expires"));
  }
}
