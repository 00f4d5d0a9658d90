// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

import dev.pillion.TypeRef;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/**
 * A state store: values by key, with etags and expiry, in Dapr's keys and bytes.
 *
 * <p>{@code byte[]} is stored and returned untouched; any other type goes through the runtime's
 * {@link dev.pillion.Serializer}. Arguments and results are never shared with the store: changing
 * one afterwards changes nothing else. A stored JSON {@code null} reads as no value, unless it is
 * read as {@code byte[]}.
 *
 * <p>Calls block until the store has answered. Handles are thread-safe and valid until the runtime
 * closes, after which every call throws {@link IllegalStateException}. All verbs throw
 * {@link dev.pillion.ComponentException} when the store fails, or takes no value as large as one,
 * {@link dev.pillion.CallTimeoutException} when it does not answer in time,
 * {@link dev.pillion.SerializationException} when a value does not fit its type, and
 * {@link IllegalArgumentException} for a key that is empty or contains {@code ||}, which separates
 * the parts of a stored key.
 */
public interface StateStore {
  /** The component's name. */
  String name();

  /** The value of a key; empty when there is none. */
  <T> Optional<T> get(String key, Class<T> type);

  /** The value of a key, read with these options. */
  <T> Optional<T> get(String key, Class<T> type, ReadOptions options);

  /** The value of a key, of a type with type arguments. */
  <T> Optional<T> get(String key, TypeRef<T> type, ReadOptions options);

  /** Value and etag of a key; empty when there is no value. */
  <T> Optional<StateEntry<T>> entry(String key, Class<T> type);

  /** Value and etag of a key, read with these options. */
  <T> Optional<StateEntry<T>> entry(String key, Class<T> type, ReadOptions options);

  /** Value and etag of a key, of a type with type arguments. */
  <T> Optional<StateEntry<T>> entry(String key, TypeRef<T> type, ReadOptions options);

  /** Many values in as few round trips as the store allows; a key asked for twice is read once. */
  <T> StateEntries<T> getAll(Collection<String> keys, Class<T> type);

  /** Many values, of a type with type arguments. */
  <T> StateEntries<T> getAll(Collection<String> keys, TypeRef<T> type, ReadOptions options);

  /**
   * Saves a value; last write wins, an earlier expiry is cleared.
   *
   * @throws IllegalArgumentException when the value is a {@code Class}, {@code TypeRef},
   *     {@code Optional} or options object
   */
  void save(String key, Object value);

  /**
   * Saves a value.
   *
   * @throws dev.pillion.EtagMismatchException when the options' condition does not hold; nothing
   *     was written
   * @throws dev.pillion.ReplicationException when the value was written, but replicas that
   *     {@link SaveOptions#strong} waits for are not known to have it
   */
  void save(String key, Object value, SaveOptions options);

  /**
   * Saves many values; not atomic.
   *
   * @throws dev.pillion.BulkException when some failed: it says which, the others are written
   */
  void saveAll(Map<String, ?> values);

  /** Saves many values, each with the same options; not atomic. */
  void saveAll(Map<String, ?> values, SaveOptions options);

  /** Deletes a value; fine when there is none. */
  void delete(String key);

  /**
   * Deletes a value.
   *
   * @throws dev.pillion.EtagMismatchException when the options' etag is not the value's; nothing
   *     was deleted
   */
  void delete(String key, DeleteOptions options);

  /**
   * Deletes many values; not atomic.
   *
   * @throws dev.pillion.BulkException when some failed: it says which, the others are gone
   */
  void deleteAll(Collection<String> keys);

  /**
   * Sends many changes, each with its own options, in as few round trips as the store allows; not
   * atomic.
   *
   * @throws dev.pillion.BulkException when some failed: it says which, the others are applied
   */
  <E extends Exception> void bulk(StateChanges.Writer<E> writer) throws E;

  /**
   * Applies many changes, all or none, when {@code writer} returns. No change is nothing to do.
   *
   * @throws dev.pillion.TransactionException when a condition does not hold or the store can't take
   *     the transaction; nothing was applied, unless its cause is a transient
   *     {@link dev.pillion.ComponentException}
   * @throws dev.pillion.ReplicationException when all was applied, but replicas that a change with
   *     {@link SaveOptions#strong} waits for are not known to have it
   */
  <E extends Exception> void transaction(StateChanges.Writer<E> writer) throws E;
}
