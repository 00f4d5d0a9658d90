// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.BuildingBlockException;
import dev.pillion.EtagMismatchException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.state.Consistency;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import java.text.Normalizer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A map under a lock, right in everything but the one flaw it is given. */
final class ReferenceStore implements TransactionalStateStore {
  private static final long A_WHILE = TimeUnit.MICROSECONDS.toNanos(200);

  private final Flaw flaw;
  private final TimeSource time;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Row> rows = new HashMap<>();
  private final Set<String> deleted = new HashSet<>();

  ReferenceStore(Flaw flaw, TimeSource time) {
    this.flaw = flaw;
    this.time = time;
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Row(
      byte[] bytes,
      String etag,
      @Nullable Instant expiresAt,
      @Nullable Instant toldExpiry,
      boolean byFirstWrite) {}

  private boolean has(Flaw other) {
    return flaw == other;
  }

  @Override
  public void open(ComponentContext context) {}

  @Override
  public void close() {}

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    lock.lock();
    try {
      Row row = visible(key);
      if (!rows.containsKey(stored(key)) && has(Flaw.MISSING_KEYS_READ_AS_NO_BYTES)) {
        return Optional.of(new StoredValue(new byte[0], "", null));
      }
      if (options.consistency() == Consistency.STRONG && has(Flaw.STRONG_READS_FIND_NOTHING)) {
        return Optional.empty();
      }
      return row == null || (has(Flaw.EMPTY_VALUE_IS_NO_VALUE) && row.bytes.length == 0)
          ? Optional.empty()
          : Optional.of(stored(row, has(Flaw.RETURNS_ITS_OWN_ARRAY)));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    var found = new LinkedHashMap<String, StoredValue>();
    lock.lock();
    try {
      for (String key : keys) {
        Row row = has(Flaw.EXPIRED_VALUES_IN_BULK_READ) ? rows.get(stored(key)) : visible(key);
        if (row != null && !(has(Flaw.BULK_READ_STOPS_AT_999) && found.size() == 999)) {
          var value = stored(row, has(Flaw.BULK_READ_RETURNS_ITS_OWN_ARRAY));
          found.put(
              key,
              has(Flaw.ETAG_DIFFERS_IN_BULK_READ)
                  ? new StoredValue(value.bytes(), value.etag() + ".", value.expiresAt())
                  : value);
        }
      }
    } finally {
      lock.unlock();
    }
    return new BulkRead(found, Map.of());
  }

  private StoredValue stored(Row row, boolean aliased) {
    byte[] bytes = aliased ? row.bytes : row.bytes.clone();
    Instant told = has(Flaw.EXPIRY_OF_AN_EARLIER_SAVE_TOLD) ? row.toldExpiry : row.expiresAt;
    if (told != null && has(Flaw.EXPIRY_TOLD_IN_ANOTHER_TIME_ZONE)) {
      told = told.plus(Duration.ofHours(2));
    }
    return new StoredValue(bytes, row.etag, told);
  }

  private String stored(String key) {
    return switch (flaw) {
      case KEYS_IGNORE_CASE -> key.toLowerCase(Locale.ROOT);
      case KEYS_ARE_TRIMMED -> key.strip();
      case KEYS_ARE_NORMALISED -> Normalizer.normalize(key, Normalizer.Form.NFC);
      case KEYS_ARE_CUT_AT_999 -> key.substring(0, Math.min(key.length(), 999));
      default -> key;
    };
  }

  private @Nullable Row visible(String key) {
    Row row = rows.get(stored(key));
    return row == null || row.expiresAt == null || time.now().isBefore(row.expiresAt) ? row : null;
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    lock.lock();
    try {
      check(change);
      if (has(Flaw.CONDITION_CHECKED_APART_FROM_THE_WRITE)) {
        lock.unlock();
        LockSupport.parkNanos(A_WHILE);
        lock.lock();
      }
      write(change, false);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Map<Integer, BuildingBlockException> applyAll(
      List<StateChange> changes, Deadline deadline) {
    var failures = new LinkedHashMap<Integer, BuildingBlockException>();
    var written = new HashSet<String>();
    for (int i = 0; i < changes.size(); i++) {
      boolean isLater = !written.add(changes.get(i).key());
      if (isLater && has(Flaw.BULK_TAKES_THE_FIRST_CHANGE_OF_A_KEY)) {
        continue;
      }
      try {
        apply(changes.get(i), deadline);
      } catch (EtagMismatchException e) {
        if (!has(Flaw.BULK_HIDES_FAILURES)) {
          failures.put(has(Flaw.BULK_NAMES_THE_WRONG_CHANGE) ? changes.size() - 1 - i : i, e);
        }
        if (has(Flaw.BULK_STOPS_AT_THE_FIRST_FAILURE)) {
          break;
        }
      }
    }
    return failures;
  }

  @Override
  public void transact(List<StateChange> changes, Deadline deadline) {
    lock.lock();
    try {
      if (!has(Flaw.HALF_A_TRANSACTION)) {
        checkAll(changes);
      }
      var written = new HashSet<String>();
      for (StateChange change : changes) {
        if (has(Flaw.HALF_A_TRANSACTION) && !written.contains(change.key())) {
          check(change);
        }
        if (has(Flaw.TRANSACTIONS_INTERLEAVE)) {
          lock.unlock();
          LockSupport.parkNanos(A_WHILE);
          lock.lock();
        }
        boolean isLater = !written.add(change.key());
        boolean isDropped = (isLater && has(Flaw.TRANSACTION_TAKES_THE_FIRST_CHANGE_OF_A_KEY))
            || (written.size() == 500 && has(Flaw.TRANSACTION_STOPS_AT_499))
            || (change instanceof StateChange.Delete && has(Flaw.TRANSACTION_SKIPS_DELETES));
        if (!isDropped) {
          write(change, true);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void checkAll(List<StateChange> changes) {
    for (StateChange change : changes) {
      try {
        check(change);
      } catch (EtagMismatchException e) {
        if (has(Flaw.TRANSACTION_FAILS_WITHOUT_NAMING_THE_KEY)) {
          throw new EtagMismatchException("ERR_STATE_SAVE", "", e.expected(), null);
        }
        throw e;
      }
      if (has(Flaw.TRANSACTION_CHECKS_ONLY_THE_FIRST)) {
        return;
      }
    }
  }

  private void check(StateChange change) {
    Row row = visible(change.key());
    var condition = change.condition();
    if (isAllowed(change, row)) {
      return;
    }
    if (row != null && has(Flaw.REFUSED_SAVE_CHANGES_THE_ETAG)) {
      rows.put(
          stored(change.key()), new Row(row.bytes, etag(row.bytes), row.expiresAt, null, false));
    }
    if (row != null
        && has(Flaw.REFUSED_SAVE_CHANGES_TIME_TO_LIVE)
        && change instanceof StateChange.Put put) {
      rows.put(
          stored(change.key()),
          new Row(row.bytes, row.etag, expiry(put.timeToLive()), null, row.byFirstWrite));
    }
    String etag = condition.etag();
    throw etag != null && etag.contains(" ")
        ? change.malformedEtag("an etag without spaces")
        : change.mismatch();
  }

  private boolean isAllowed(StateChange change, @Nullable Row row) {
    boolean isSave = change instanceof StateChange.Put;
    if (change.condition().isNone()) {
      if (!isSave && row == null && has(Flaw.DELETE_OF_MISSING_FAILS)) {
        return false;
      }
      return !(has(Flaw.LAST_WRITE_REFUSED_AFTER_FIRST_WRITE)
          && row != null
          && row.byFirstWrite
          && isSave);
    }
    if (change.condition().isAbsent()) {
      Row seen = has(Flaw.FIRST_WRITE_SEES_EXPIRED) ? rows.get(stored(change.key())) : row;
      return seen == null || has(Flaw.FIRST_WRITE_OVERWRITES);
    }
    String etag = change.condition().etag();
    if (has(Flaw.MALFORMED_ETAG_IS_NO_ETAG) && "not an etag".equals(etag)) {
      return true;
    }
    Row seen = has(Flaw.ETAG_MATCHES_EXPIRED) ? rows.get(stored(change.key())) : row;
    if (seen == null) {
      return isSave
          ? has(Flaw.SAVE_IGNORES_ETAG_OF_MISSING)
          : has(Flaw.DELETE_IGNORES_ETAG_OF_MISSING);
    }
    return seen.etag.equals(etag)
        || (!isSave && has(Flaw.DELETE_IGNORES_ETAG))
        || (has(Flaw.ETAG_COMPARED_AS_PREFIX) && etag != null && etag.startsWith(seen.etag));
  }

  private void write(StateChange change, boolean inTransaction) {
    String key = stored(change.key());
    if (!(change instanceof StateChange.Put put)) {
      if (has(Flaw.DELETE_DOES_NOTHING)) {
        return;
      }
      deleted.add(key);
      rows.remove(key);
      if (has(Flaw.DELETE_TREATS_UNDERSCORE_AS_A_WILDCARD) && key.contains("_")) {
        rows.keySet().removeIf(other -> other.matches(pattern(key)));
      }
      return;
    }
    Row old = visible(key);
    if ((has(Flaw.THE_FIRST_VALUE_STAYS) && old != null)
        || (has(Flaw.DELETED_KEYS_STAY_DELETED) && deleted.contains(key))) {
      return;
    }
    byte[] bytes = inStorage(put.value());
    if (old != null && has(Flaw.VALUES_ARE_WRITTEN_IN_PIECES)) {
      writeHalf(key, bytes, old);
    }
    Instant expiresAt = expiry(put.timeToLive());
    if (has(Flaw.TRANSACTION_DROPS_TIME_TO_LIVE) && inTransaction) {
      expiresAt = null;
    }
    boolean keeps = has(Flaw.PLAIN_SAVE_KEEPS_TIME_TO_LIVE)
        || (has(Flaw.PLAIN_SAVE_IN_TRANSACTION_KEEPS_TIME_TO_LIVE) && inTransaction);
    if (keeps && expiresAt == null && old != null) {
      expiresAt = old.expiresAt;
    }
    Instant told = old != null && old.toldExpiry != null ? old.toldExpiry : expiresAt;
    boolean byFirstWrite = change.condition().isAbsent() || (old != null && old.byFirstWrite);
    String etag = inTransaction && has(Flaw.TRANSACTION_WRITES_NO_ETAG) ? "" : etag(bytes);
    rows.put(key, new Row(bytes, etag, expiresAt, told, byFirstWrite));
  }

  private void writeHalf(String key, byte[] bytes, Row old) {
    byte[] mixed = bytes.clone();
    int half = Math.min(bytes.length, old.bytes.length) / 2;
    System.arraycopy(old.bytes, 0, mixed, 0, half);
    rows.put(key, new Row(mixed, old.etag, old.expiresAt, old.toldExpiry, old.byFirstWrite));
    lock.unlock();
    LockSupport.parkNanos(A_WHILE);
    lock.lock();
  }

  private static String pattern(String key) {
    return Arrays.stream(key.split("_", -1))
        .map(part -> "\\Q" + part + "\\E")
        .reduce((left, right) -> left + "." + right)
        .orElse("");
  }

  private byte[] inStorage(StateValue value) {
    String text = new String(value.bytes(), UTF_8);
    return switch (flaw) {
      case VALUES_PASS_THROUGH_UTF_8 -> text.getBytes(UTF_8);
      case JSON_IS_PRINTED_ANEW ->
        text.startsWith("{\"") ? text.replace(" ", "").getBytes(UTF_8) : value.bytes();
      case MARKED_JSON_LOSES_DIGITS ->
        value.isJson() ? text.replace("9265358979", "93").getBytes(UTF_8) : value.bytes();
      default -> value.bytes();
    };
  }

  private String etag(byte[] bytes) {
    return has(Flaw.ETAG_IS_A_HASH_OF_THE_VALUE)
        ? Integer.toHexString(Arrays.hashCode(bytes))
        : UUID.randomUUID().toString();
  }

  private @Nullable Instant expiry(@Nullable Duration timeToLive) {
    return timeToLive == null ? null : time.now().plus(timeToLive);
  }
}
