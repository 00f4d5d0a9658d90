// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.pillion.EtagMismatchException;
import dev.pillion.TransactionException;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateEntry;
import dev.pillion.state.StateStore;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

/**
 * What the topics of the contract share: keys of their own, and short words for reads and waits.
 */
abstract class StateTopic {
  /** Long enough to read an etag before a store that counts whole seconds drops the value. */
  static final Duration SHORT = Duration.ofSeconds(2);

  static final Duration LONG = Duration.ofHours(1);

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final StateStoreContract contract;
  private final String unique = UUID.randomUUID().toString().substring(0, 8);

  StateTopic(StateStoreContract contract) {
    this.contract = contract;
  }

  final StateStore store() {
    return contract.store();
  }

  final Instant now() {
    return contract.now();
  }

  /** The stored form of a name that no other test uses. */
  final String key(String name) {
    return contract.keyPrefix() + unique + "-" + name;
  }

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  final void save(String key, String text) {
    store().save(key, bytes(text));
  }

  final void save(String key, String text, SaveOptions options) {
    store().save(key, bytes(text), options);
  }

  final StateEntry<byte[]> entry(String key) {
    return store()
        .entry(key, byte[].class)
        .orElseThrow(() -> new AssertionError("key \"" + key + "\" has no value"));
  }

  /** The etag of the value, which must be there and must have one. */
  final String etag(String key) {
    String etag = entry(key).etag();
    assertThat(etag).as("etag of \"%s\"", key).isNotEmpty();
    return etag;
  }

  final String savedEtag(String key, String text) {
    save(key, text);
    return etag(key);
  }

  final void assertValue(String key, String text) {
    assertThat(store().get(key, byte[].class).map(value -> new String(value, UTF_8)))
        .as("value of \"%s\"", key)
        .contains(text);
  }

  final void assertAbsent(String key) {
    assertThat(store().get(key, byte[].class).map(value -> new String(value, UTF_8)))
        .as("value of \"%s\"", key)
        .isEmpty();
  }

  /** Well formed, as this store issues them, and not the etag of any key with few writes. */
  final String foreignEtag() {
    String donor = key("donor of an etag " + UUID.randomUUID());
    for (int i = 0; i < 9; i++) {
      save(donor, "donor " + i);
    }
    return etag(donor);
  }

  static EtagMismatchException assertMismatch(
      ThrowingCallable call, String key, @Nullable String expected) {
    EtagMismatchException mismatch = thrown(EtagMismatchException.class, call);
    assertMismatch(mismatch, key, expected);
    return mismatch;
  }

  static void assertMismatch(@Nullable Throwable failure, String key, @Nullable String expected) {
    assertThat(failure).isInstanceOfSatisfying(EtagMismatchException.class, mismatch -> {
      assertThat(mismatch.key()).isEqualTo(key);
      assertThat(mismatch.expected()).isEqualTo(expected);
    });
  }

  static <X extends Throwable> X thrown(Class<X> type, ThrowingCallable call) {
    try {
      call.call();
    } catch (Throwable e) {
      if (type.isInstance(e)) {
        return type.cast(e);
      }
      throw new AssertionError("expected " + type.getSimpleName() + ", not " + e, e);
    }
    return fail("expected " + type.getSimpleName() + ", but nothing was thrown");
  }

  /** Skips what follows when the store, by its own answer, has no transactions. */
  final void assumeTransactions() {
    if (!hasTransactions()) {
      abort("not run: the store does not support transactions");
    }
  }

  final boolean hasTransactions() {
    String key = key("probe");
    try {
      store().transaction(tx -> tx.delete(key));
      return true;
    } catch (TransactionException e) {
      if (e.errorCode().equals("ERR_STATE_STORE_NOT_SUPPORTED")) {
        return false;
      }
      throw e;
    }
  }

  /** Saves a value that expires soon, and returns its etag. */
  final String savedForShort(String key, String text) {
    for (int attempt = 0; attempt < 20; attempt++) {
      save(key, text, SaveOptions.defaults().expireAfter(SHORT));
      Optional<StateEntry<byte[]>> entry = store().entry(key, byte[].class);
      if (entry.isPresent()) {
        return entry.get().etag();
      }
    }
    return fail("a value saved for %s was never there when read at once", SHORT);
  }

  /**
   * Waits until every value saved before with {@link #SHORT} must be gone. It looks at a value of
   * its own, for a look at the others might remove them.
   */
  final void awaitExpiry() {
    String canary = key("canary " + UUID.randomUUID());
    save(canary, "canary", SaveOptions.defaults().expireAfter(SHORT));
    contract.advance(SHORT.plusSeconds(1));
    long start = System.nanoTime();
    while (store().get(canary, byte[].class).isPresent()) {
      if (System.nanoTime() - start > SHORT.plus(PATIENCE).toNanos()) {
        fail(
            "a value saved to expire after %s is still there %s later",
            SHORT, SHORT.plus(PATIENCE));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  /** Names the case in the failure, too: not every report shows the names of dynamic tests. */
  static Executable named(String name, Executable body) {
    return () -> {
      try {
        body.execute();
      } catch (AssertionError e) {
        throw new AssertionError("[" + name + "] " + e.getMessage(), e);
      }
    };
  }
}
