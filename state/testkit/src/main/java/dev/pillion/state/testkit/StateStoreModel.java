// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.BulkException;
import dev.pillion.EtagMismatchException;
import dev.pillion.TransactionException;
import dev.pillion.state.StateChanges;
import dev.pillion.state.StateStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Random operations on a store and on a map, which must agree. One thread; the store's keys belong
 * to the model alone while it runs.
 */
final class StateStoreModel {
  private static final int REMEMBERED = 12;

  private final StateStore store;
  private final List<String> keys;
  private final boolean transactions;
  private final long seed;
  private final Random random;
  private final Map<String, byte[]> values = new TreeMap<>();
  private final Map<String, String> etags = new HashMap<>();
  private final Map<String, List<String>> formerEtags = new HashMap<>();
  private final Set<String> deleted = new HashSet<>();
  private final Deque<String> lately = new ArrayDeque<>();

  StateStoreModel(StateStore store, List<String> keys, boolean transactions, long seed) {
    this.store = store;
    this.keys = keys;
    this.transactions = transactions;
    this.seed = seed;
    this.random = new Random(seed);
  }

  void run(int operations) {
    for (int i = 0; i < operations; i++) {
      try {
        step();
        if (i % 100 == 99 || i == operations - 1) {
          compareAll();
        }
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(
            "operation %d with seed %d (repeat: -Dpillion.contract.seed=%d): %s%nThe last were:%n  %s"
                .formatted(i, seed, seed, e.getMessage(), String.join("%n  ".formatted(), lately)),
            e);
      }
    }
  }

  private void step() {
    int dice = random.nextInt(100);
    if (dice < 30) {
      writeOne(change(new HashSet<>()));
    } else if (dice < 45) {
      writeInBulk(changes(8));
    } else if (dice < 65 && transactions) {
      writeInTransaction(changes(6));
    } else if (dice < 85) {
      String key = anyKey();
      note("read " + key);
      compare(key);
    } else {
      compareAll();
    }
  }

  private void writeOne(ModelChange change) {
    note(change.toString());
    boolean allowed = change.isAllowed(values, etags);
    EtagMismatchException mismatch = null;
    try {
      change.writeTo(new Direct(store));
    } catch (EtagMismatchException e) {
      mismatch = e;
    }
    assertOutcome(change, allowed, mismatch);
    settle(allowed ? List.of(change) : List.of(), List.of(change));
  }

  private void writeInBulk(List<ModelChange> changes) {
    note("bulk " + changes);
    var applied = new ArrayList<ModelChange>();
    var refused = new TreeMap<String, ModelChange>();
    for (ModelChange change : changes) {
      if (change.isAllowed(values, etags)) {
        applied.add(change);
      } else {
        refused.put(change.key(), change);
      }
    }
    Map<String, ? extends RuntimeException> failures = Map.of();
    try {
      store.bulk(writer(changes));
    } catch (BulkException e) {
      failures = e.failures();
    }
    assertThat(failures.keySet()).as("failed keys").isEqualTo(refused.keySet());
    settle(applied, changes);
  }

  private void writeInTransaction(List<ModelChange> changes) {
    note("transaction " + changes);
    var refused =
        changes.stream().filter(change -> !change.isAllowed(values, etags)).findFirst();
    Throwable cause = null;
    try {
      store.transaction(writer(changes));
    } catch (TransactionException e) {
      cause = e.getCause();
      if (!(cause instanceof EtagMismatchException)) {
        throw e;
      }
    }
    var deciding = refused.orElse(changes.get(0));
    assertOutcome(deciding, refused.isEmpty(), (EtagMismatchException) cause);
    settle(refused.isEmpty() ? changes : List.of(), changes);
  }

  private static StateChanges.Writer<RuntimeException> writer(List<ModelChange> changes) {
    return target -> changes.forEach(change -> change.writeTo(target));
  }

  private static void assertOutcome(
      ModelChange change, boolean allowed, @Nullable EtagMismatchException mismatch) {
    assertThat(mismatch == null).as("%s is applied", change).isEqualTo(allowed);
    if (mismatch != null) {
      StateTopic.assertMismatch(mismatch, change.key(), change.etag());
    }
  }

  /** Applies to the map what was applied to the store, then compares every key that was touched. */
  private void settle(List<ModelChange> applied, List<ModelChange> touched) {
    for (ModelChange change : applied) {
      String former = etags.remove(change.key());
      if (former != null) {
        formerEtags.computeIfAbsent(change.key(), key -> new ArrayList<>()).add(former);
      }
      change.applyTo(values);
      if (!values.containsKey(change.key())) {
        deleted.add(change.key());
      }
    }
    touched.stream().map(ModelChange::key).distinct().forEach(this::compare);
  }

  private void compare(String key) {
    var entry = store.entry(key, byte[].class);
    assertThat(entry.isPresent()).as("\"%s\" has a value", key).isEqualTo(values.containsKey(key));
    entry.ifPresent(found -> compare(key, found.value(), found.etag()));
    assertThat(store.get(key, byte[].class).orElse(null)).isEqualTo(values.get(key));
  }

  private void compareAll() {
    note("read all");
    var asked = new ArrayList<>(keys);
    Collections.shuffle(asked, random);
    var found = store.getAll(asked, byte[].class).found();
    assertThat(found.keySet())
        .containsExactlyElementsOf(asked.stream().filter(values::containsKey).toList());
    found.forEach((key, entry) -> compare(key, entry.value(), entry.etag()));
  }

  /** The first read after a write learns the etag; later ones must see the same. */
  private void compare(String key, byte[] value, String etag) {
    assertThat(value).as("value of \"%s\"", key).isEqualTo(values.get(key));
    assertThat(etag).as("etag of \"%s\"", key).isNotEmpty();
    String known = etags.putIfAbsent(key, etag);
    if (known != null) {
      assertThat(etag).as("etag of \"%s\", unwritten since", key).isEqualTo(known);
      return;
    }
    var former = formerEtags.getOrDefault(key, List.of());
    // A value that was deleted and saved again may begin anew, as Dapr's on Redis does with 1.
    if (!former.isEmpty() && !deleted.remove(key)) {
      assertThat(etag).as("etag of \"%s\" after a write", key).isNotEqualTo(last(former));
    }
  }

  /** Several changes; only the first of one key has a condition. */
  private List<ModelChange> changes(int most) {
    var seen = new HashSet<String>();
    return IntStream.rangeClosed(0, random.nextInt(most))
        .mapToObj(i -> change(seen))
        .toList();
  }

  private ModelChange change(Set<String> seen) {
    String key = anyKey();
    byte[] value = random.nextInt(100) < 30 ? null : anyValue(key);
    boolean expires = random.nextInt(5) == 0;
    int condition = seen.add(key) ? random.nextInt(100) : 0;
    if (condition < 40) {
      return new ModelChange(key, value, false, null, expires);
    }
    if (condition < 55 && value != null) {
      return new ModelChange(key, value, true, null, expires);
    }
    String etag = condition < 85 ? etags.get(key) : null;
    var former = formerEtags.getOrDefault(key, List.of());
    if (etag == null && !former.isEmpty()) {
      etag = former.get(random.nextInt(former.size()));
    }
    return new ModelChange(key, value, false, etag, expires);
  }

  /** Sometimes the bytes that are there already, which a write must not treat as nothing to do. */
  private byte[] anyValue(String key) {
    byte[] present = values.get(key);
    if (present != null && random.nextInt(4) == 0) {
      return present;
    }
    byte[] value = new byte[random.nextInt(64)];
    random.nextBytes(value);
    return value;
  }

  private String anyKey() {
    return keys.get(random.nextInt(keys.size()));
  }

  private static String last(List<String> list) {
    return list.get(list.size() - 1);
  }

  private void note(String operation) {
    lately.addLast(operation);
    if (lately.size() > REMEMBERED) {
      lately.removeFirst();
    }
  }
}
