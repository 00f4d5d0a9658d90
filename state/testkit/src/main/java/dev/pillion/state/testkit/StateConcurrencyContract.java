// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.TransactionException;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

/** Conditions are judged together with the write, whoever else writes. */
abstract class StateConcurrencyContract extends StateTopic {
  private static final int RACERS = 16;
  private static final int ROUNDS = 8;

  StateConcurrencyContract(StateStoreContract contract) {
    super(contract);
  }

  @Test
  void noIncrementByEtagIsLost() throws Exception {
    int threads = 8;
    int increments = 20;
    String key = key("counter");
    save(key, "0");
    Together.run(threads, thread -> {
      for (int i = 0; i < increments; i++) {
        untilApplied(() -> incremented(key));
      }
      return true;
    });

    assertValue(key, Integer.toString(threads * increments));
  }

  /** A refusal means that another thread was faster, which can't go on for ever. */
  private static void untilApplied(BooleanSupplier attempt) {
    for (int i = 0; i < 2000; i++) {
      if (attempt.getAsBoolean()) {
        return;
      }
    }
    fail("an etag just read was refused 2000 times, more often than anyone wrote");
  }

  private boolean incremented(String key) {
    var entry = entry(key);
    try {
      save(key, Integer.toString(number(entry.value()) + 1), SaveOptions.ifMatch(entry.etag()));
      return true;
    } catch (EtagMismatchException e) {
      return false;
    }
  }

  @Test
  void oneOfManyFirstWritesWins() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      String key = key("first " + round);
      int winner = onlyWinner(thread -> save(key, "thread " + thread, SaveOptions.firstWrite()));
      assertValue(key, "thread " + winner);
    }
  }

  @Test
  void oneOfManyFirstWritesOverAnExpiredValueWins() throws Exception {
    String key = key("expired");
    save(key, "old", SaveOptions.defaults().expireAfter(SHORT));
    awaitExpiry();
    int winner = onlyWinner(thread -> save(key, "thread " + thread, SaveOptions.firstWrite()));
    assertValue(key, "thread " + winner);
  }

  @Test
  void oneOfManySavesWithOneEtagWins() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      String key = key("etag " + round);
      String etag = savedEtag(key, "old");
      int winner = onlyWinner(thread -> save(key, "thread " + thread, SaveOptions.ifMatch(etag)));
      assertValue(key, "thread " + winner);
    }
  }

  @Test
  void oneOfManyDeletesWithOneEtagWins() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      String key = key("deleted " + round);
      String etag = savedEtag(key, "old");
      onlyWinner(thread -> store().delete(key, DeleteOptions.ifMatch(etag)));
      assertAbsent(key);
    }
  }

  @Test
  void saveOrDeleteWithOneEtagWinsButNotBoth() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      String key = key("either " + round);
      String etag = savedEtag(key, "old");
      int winner = onlyWinner(thread -> {
        if (thread % 2 == 0) {
          save(key, "thread " + thread, SaveOptions.ifMatch(etag));
        } else {
          store().delete(key, DeleteOptions.ifMatch(etag));
        }
      });
      if (winner % 2 == 0) {
        assertValue(key, "thread " + winner);
      } else {
        assertAbsent(key);
      }
    }
  }

  @Test
  void oneOfManyTransactionsWithOneFirstWriteWins() throws Exception {
    assumeTransactions();
    for (int round = 0; round < ROUNDS; round++) {
      String key = key("lock " + round);
      String beside = key("beside " + round);
      int winner = onlyWinner(thread -> transaction(tx -> tx.save(beside, bytes("thread " + thread))
          .save(key, bytes("thread " + thread), SaveOptions.firstWrite())));
      assertValue(key, "thread " + winner);
      assertValue(beside, "thread " + winner);
    }
  }

  private interface Attempt {
    void run(int thread) throws Exception;
  }

  /** Exactly one attempt holds, and every other is a mismatch; returns the winner. */
  private static int onlyWinner(Attempt attempt) throws Exception {
    List<Boolean> won = Together.run(RACERS, thread -> {
      try {
        attempt.run(thread);
        return true;
      } catch (EtagMismatchException e) {
        return false;
      }
    });
    assertThat(won.stream().filter(Boolean::booleanValue))
        .as("winners of %s", won)
        .hasSize(1);
    return won.indexOf(true);
  }

  @Test
  void transactionsDoNotInterleave() throws Exception {
    assertKeysStayAlike(thread -> false);
  }

  /** Where rows are locked one by one, opposite orders must neither block nor mix. */
  @Test
  void transactionsInOppositeOrdersDoNotInterleave() throws Exception {
    assertKeysStayAlike(thread -> thread % 2 == 1);
  }

  /** Keys that every transaction sets alike are alike when all are done. */
  private void assertKeysStayAlike(IntPredicate isBackwards) throws Exception {
    assumeTransactions();
    String left = key("left");
    String middle = key("middle");
    String right = key("right");
    for (int round = 0; round < ROUNDS; round++) {
      String name = "round " + round + " by ";
      Together.run(RACERS, thread -> {
        byte[] value = bytes(name + thread);
        transaction(tx -> {
          if (isBackwards.test(thread)) {
            tx.save(right, value).delete(middle).save(middle, value).save(left, value);
          } else {
            tx.save(left, value).save(middle, value).save(right, value);
          }
        });
        return true;
      });
      String seen = new String(entry(left).value(), UTF_8);
      assertThat(seen).startsWith(name);
      assertValue(middle, seen);
      assertValue(right, seen);
    }
  }

  /** Money moves between accounts by etag; none appears or vanishes. */
  @Test
  void conditionalTransactionsKeepASum() throws Exception {
    assumeTransactions();
    List<String> accounts = List.of(key("account 0"), key("account 1"), key("account 2"));
    accounts.forEach(account -> save(account, "100"));
    Together.run(6, thread -> {
      for (int i = 0; i < 15; i++) {
        String from = accounts.get((thread + i) % 3);
        String to = accounts.get((thread + i + 1 + i % 2) % 3);
        untilApplied(() -> moved(from, to));
      }
      return true;
    });

    int sum =
        accounts.stream().mapToInt(account -> number(entry(account).value())).sum();
    assertThat(sum).isEqualTo(300);
  }

  private boolean moved(String from, String to) {
    var source = entry(from);
    var target = entry(to);
    try {
      transaction(tx -> tx.save(
              from,
              bytes(Integer.toString(number(source.value()) - 1)),
              SaveOptions.ifMatch(source.etag()))
          .save(
              to,
              bytes(Integer.toString(number(target.value()) + 1)),
              SaveOptions.ifMatch(target.etag())));
      return true;
    } catch (EtagMismatchException e) {
      return false;
    }
  }

  /**
   * A failed condition comes out as such. A transient failure (a deadlock the database broke, say)
   * is tried again, as a policy would.
   */
  private void transaction(StateChanges.Writer<RuntimeException> writer) {
    for (int attempt = 1; ; attempt++) {
      try {
        store().transaction(writer);
        return;
      } catch (TransactionException e) {
        if (e.getCause() instanceof EtagMismatchException mismatch) {
          throw mismatch;
        }
        boolean isTransient =
            e.getCause() instanceof ComponentException failure && failure.isTransient();
        if (!isTransient || attempt == 100) {
          throw e;
        }
      }
    }
  }

  @Test
  void aReaderNeverSeesHalfAValue() throws Exception {
    String key = key("whole");
    int size = 20_000;
    store().save(key, new byte[size]);
    var done = new AtomicBoolean();
    Together.run(6, thread -> {
      if (thread < 3) {
        try {
          for (int i = 0; i < 30; i++) {
            byte[] value = new byte[size];
            Arrays.fill(value, (byte) (thread * 30 + i));
            store().save(key, value);
          }
        } finally {
          done.set(true);
        }
      } else {
        while (!done.get()) {
          byte[] read = entry(key).value();
          byte[] uniform = new byte[size];
          Arrays.fill(uniform, read[0]);
          assertThat(Arrays.equals(read, uniform)).as("value is of one write").isTrue();
        }
      }
      return true;
    });
  }

  private static int number(byte[] value) {
    return Integer.parseInt(new String(value, UTF_8));
  }
}
