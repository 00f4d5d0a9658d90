// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.SharesStoredValues;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Dapr's {@code state.in-memory}: the values live in this object and end with the process. It has
 * no settings. Thread-safe.
 *
 * <p>Single reads take no lock; writes, transactions and bulk reads take one, so that a transaction
 * is never seen in part by a bulk read. It survives closing and opening again, as a server would: a
 * test can restart its runtime.
 */
public final class InMemoryStateStore implements TransactionalStateStore, SharesStoredValues {
  private static final Duration SWEEP_INTERVAL = Duration.ofSeconds(1);

  private final Map<String, Item> items = new ConcurrentHashMap<>();
  /** The keys of what can expire, so that a sweep need not walk the rest; guarded by lock. */
  private final Set<String> expiring = new HashSet<>();

  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable TimeSource time;
  private TimeSource.@Nullable Scheduled sweep;

  /** Never changed once stored; the Optional is made once, so that a read makes nothing. */
  private record Item(StoredValue value, Optional<StoredValue> found) {
    Item(StoredValue value) {
      this(value, Optional.of(value));
    }

    /** Asks the clock only where it decides: most values never expire. */
    boolean isExpired(TimeSource clock) {
      var expiresAt = value.expiresAt();
      return expiresAt != null && clock.now().isAfter(expiresAt);
    }
  }

  /** An empty store. */
  public InMemoryStateStore() {}

  @Override
  public String type() {
    return "state.in-memory";
  }

  @Override
  public void open(ComponentContext context) {
    lock.lock();
    try {
      time = context.time();
      removeExpired();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    var clock = clock();
    var item = items.get(key);
    return item == null || item.isExpired(clock) ? Optional.empty() : item.found;
  }

  @Override
  public BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    lock.lock();
    try {
      var found = new LinkedHashMap<String, StoredValue>();
      for (String key : keys) {
        var item = live(key);
        if (item != null) {
          found.put(key, item.value);
        }
      }
      return new BulkRead(found, Map.of());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    lock.lock();
    try {
      check(change);
      write(change);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void transact(List<StateChange> changes, Deadline deadline) {
    lock.lock();
    try {
      changes.forEach(this::check);
      changes.forEach(this::write);
    } finally {
      lock.unlock();
    }
  }

  private void check(StateChange change) {
    Condition condition = change.condition();
    if (condition.isNone()) {
      return;
    }
    var item = live(change.key());
    var etag = condition.etag();
    boolean holds =
        etag == null ? item == null : item != null && item.value.etag().equals(etag);
    if (!holds) {
      throw change.mismatch();
    }
  }

  private void write(StateChange change) {
    if (change instanceof StateChange.Put put) {
      var timeToLive = put.timeToLive();
      var expiresAt = timeToLive == null ? null : clock().now().plus(timeToLive);
      items.put(put.key(), new Item(new StoredValue(put.value().bytes(), newEtag(), expiresAt)));
      if (expiresAt == null) {
        expiring.remove(put.key());
      } else {
        expiring.add(put.key());
        scheduleSweep();
      }
    } else {
      items.remove(change.key());
      expiring.remove(change.key());
    }
  }

  private @Nullable Item live(String key) {
    var clock = clock();
    var item = items.get(key);
    return item == null || item.isExpired(clock) ? null : item;
  }

  /** A version 4 UUID as Dapr writes it; an etag needs no cryptographic randomness. */
  private static String newEtag() {
    var random = ThreadLocalRandom.current();
    long high = (random.nextLong() & ~0xF000L) | 0x4000L;
    long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low).toString();
  }

  private TimeSource clock() {
    var clock = time;
    if (clock == null) {
      throw new IllegalStateException("the in-memory state store is not open");
    }
    return clock;
  }

  /**
   * Only while something can expire: an idle store must cost nothing. Called with the lock held.
   */
  private void scheduleSweep() {
    var clock = time;
    if (sweep == null && clock != null) {
      sweep = clock.schedule(SWEEP_INTERVAL, this::sweep);
    }
  }

  private void sweep() {
    lock.lock();
    try {
      sweep = null;
      if (time != null) {
        removeExpired();
      }
    } finally {
      lock.unlock();
    }
  }

  private void removeExpired() {
    var clock = clock();
    expiring.removeIf(key -> {
      var item = items.get(key);
      boolean goes = item == null || item.isExpired(clock);
      if (goes) {
        items.remove(key);
      }
      return goes;
    });
    if (!expiring.isEmpty()) {
      scheduleSweep();
    }
  }

  /** Expired values that no sweep has removed yet included. */
  int size() {
    return items.size();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (sweep != null) {
        sweep.cancel();
        sweep = null;
      }
      time = null;
    } finally {
      lock.unlock();
    }
  }

  /** Makes in-memory stores from component files. */
  public static final class Provider implements ComponentProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Provider() {}

    @Override
    public String type() {
      return "state.in-memory";
    }

    @Override
    public Component create(ComponentSpec spec) {
      return new InMemoryStateStore();
    }
  }
}
