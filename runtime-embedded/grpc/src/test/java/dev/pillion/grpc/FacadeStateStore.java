// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.ByteString;
import dev.pillion.BuildingBlockException;
import dev.pillion.BulkException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.TransactionException;
import dev.pillion.TypeRef;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import dev.pillion.state.StateEntries;
import dev.pillion.state.StateEntry;
import dev.pillion.state.StateStore;
import dev.pillion.wire.common.v1.Etag;
import dev.pillion.wire.common.v1.StateItem;
import dev.pillion.wire.common.v1.StateOptions.StateConcurrency;
import dev.pillion.wire.common.v1.StateOptions.StateConsistency;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.DeleteBulkStateRequest;
import dev.pillion.wire.runtime.v1.DeleteStateRequest;
import dev.pillion.wire.runtime.v1.ExecuteStateTransactionRequest;
import dev.pillion.wire.runtime.v1.GetBulkStateRequest;
import dev.pillion.wire.runtime.v1.GetStateRequest;
import dev.pillion.wire.runtime.v1.SaveStateRequest;
import dev.pillion.wire.runtime.v1.TransactionalStateOperation;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A state store behind a facade, or behind a daprd, so that the contract of state stores runs over
 * the wire. Values are {@code byte[]}. What the wire does not tell (which item of a bulk request
 * failed) it asks for one by one.
 */
public final class FacadeStateStore implements StateStore {
  private final String name;
  private final DaprGrpc.DaprBlockingStub dapr;

  /** The store of that name behind the channel. */
  public FacadeStateStore(String name, Channel channel) {
    this.name = name;
    this.dapr = DaprGrpc.newBlockingStub(channel);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public <T> Optional<T> get(String key, Class<T> type) {
    return entry(key, type).map(StateEntry::value);
  }

  @Override
  public <T> Optional<T> get(String key, Class<T> type, ReadOptions options) {
    return entry(key, type, options).map(StateEntry::value);
  }

  @Override
  public <T> Optional<T> get(String key, TypeRef<T> type, ReadOptions options) {
    return entry(key, type, options).map(StateEntry::value);
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, Class<T> type) {
    return entry(key, type, ReadOptions.defaults());
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, Class<T> type, ReadOptions options) {
    return entry(key, TypeRef.of(type), options);
  }

  @Override
  public <T> Optional<StateEntry<T>> entry(String key, TypeRef<T> type, ReadOptions options) {
    var request = GetStateRequest.newBuilder()
        .setStoreName(name)
        .setKey(key)
        .setConsistency(consistency(options.consistency()))
        .putAllMetadata(options.metadata())
        .build();
    try {
      var answer = dapr.getState(request);
      return entry(key, answer.getData(), answer.getEtag(), answer.getMetadataMap());
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  /** No etag, no value: an empty value has one. */
  @SuppressWarnings("unchecked") // byte[] is the only type of value
  private static <T> Optional<StateEntry<T>> entry(
      String key, ByteString data, String etag, Map<String, String> metadata) {
    var expiry = metadata.get("ttlExpireTime");
    return etag.isEmpty()
        ? Optional.empty()
        : Optional.of(new StateEntry<>(
            key, (T) data.toByteArray(), etag, expiry == null ? null : Instant.parse(expiry)));
  }

  @Override
  public <T> StateEntries<T> getAll(Collection<String> keys, Class<T> type) {
    return getAll(keys, TypeRef.of(type), ReadOptions.defaults());
  }

  @Override
  public <T> StateEntries<T> getAll(Collection<String> keys, TypeRef<T> type, ReadOptions options) {
    var request = GetBulkStateRequest.newBuilder()
        .setStoreName(name)
        .addAllKeys(keys)
        .putAllMetadata(options.metadata())
        .build();
    var found = new LinkedHashMap<String, StateEntry<T>>();
    var failures = new LinkedHashMap<String, BuildingBlockException>();
    try {
      for (var item : dapr.getBulkState(request).getItemsList()) {
        if (!item.getError().isEmpty()) {
          failures.put(item.getKey(), ComponentException.failed(item.getError(), null));
        }
        FacadeStateStore.<T>entry(
                item.getKey(), item.getData(), item.getEtag(), item.getMetadataMap())
            .ifPresent(entry -> found.put(item.getKey(), entry));
      }
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
    return new StateEntries<>(found, failures);
  }

  @Override
  public void save(String key, Object value) {
    save(key, value, SaveOptions.defaults());
  }

  @Override
  public void save(String key, Object value, SaveOptions options) {
    var item = item(key, value, options);
    try {
      dapr.saveState(
          SaveStateRequest.newBuilder().setStoreName(name).addStates(item).build());
    } catch (StatusRuntimeException e) {
      throw failure(e, "ERR_STATE_SAVE", key, options.etag());
    }
  }

  @Override
  public void delete(String key) {
    delete(key, DeleteOptions.defaults());
  }

  @Override
  public void delete(String key, DeleteOptions options) {
    var item = item(key, options);
    try {
      dapr.deleteState(DeleteStateRequest.newBuilder()
          .setStoreName(name)
          .setKey(key)
          .setEtag(item.getEtag())
          .putAllMetadata(item.getMetadataMap())
          .build());
    } catch (StatusRuntimeException e) {
      throw failure(e, "ERR_STATE_DELETE", key, options.etag());
    }
  }

  @Override
  public void saveAll(Map<String, ?> values) {
    saveAll(values, SaveOptions.defaults());
  }

  @Override
  public void saveAll(Map<String, ?> values, SaveOptions options) {
    bulk(changes -> values.forEach((key, value) -> changes.save(key, value, options)));
  }

  @Override
  public void deleteAll(Collection<String> keys) {
    bulk(changes -> new LinkedHashSet<>(keys).forEach(changes::delete));
  }

  @Override
  public <E extends Exception> void bulk(StateChanges.Writer<E> writer) throws E {
    var written = new Changes();
    writer.write(written);
    if (written.operations.stream().allMatch(change -> isPlain(change, "upsert"))) {
      bulk(() -> dapr.saveState(SaveStateRequest.newBuilder()
          .setStoreName(name)
          .addAllStates(written.items())
          .build()));
    } else if (written.operations.stream().allMatch(change -> isPlain(change, "delete"))) {
      bulk(() -> dapr.deleteBulkState(DeleteBulkStateRequest.newBuilder()
          .setStoreName(name)
          .addAllStates(written.items())
          .build()));
    } else {
      oneByOne(written);
    }
  }

  private static void bulk(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  private static boolean isPlain(TransactionalStateOperation change, String operation) {
    return change.getOperationType().equals(operation)
        && change.getRequest().getEtag().getValue().isEmpty()
        && change.getRequest().getOptions().getConcurrency()
            != StateConcurrency.CONCURRENCY_FIRST_WRITE;
  }

  /** The wire has no bulk request that mixes, so that nothing else refuses all for one bad key. */
  private void oneByOne(Changes written) {
    for (var item : written.items()) {
      if (item.getKey().isEmpty() || item.getKey().contains("||")) {
        throw new IllegalArgumentException("the key \"" + item.getKey() + "\" is not allowed");
      }
    }
    var failures = new LinkedHashMap<String, BuildingBlockException>();
    for (var change : written.operations) {
      var item = change.getRequest();
      boolean upsert = change.getOperationType().equals("upsert");
      try {
        if (upsert) {
          dapr.saveState(
              SaveStateRequest.newBuilder().setStoreName(name).addStates(item).build());
        } else {
          dapr.deleteBulkState(DeleteBulkStateRequest.newBuilder()
              .setStoreName(name)
              .addStates(item)
              .build());
        }
      } catch (StatusRuntimeException e) {
        var failure = failure(
            e, upsert ? "ERR_STATE_SAVE" : "ERR_STATE_DELETE", item.getKey(), expected(item));
        if (!(failure instanceof BuildingBlockException known)) {
          throw failure;
        }
        failures.putIfAbsent(item.getKey(), known);
      }
    }
    if (!failures.isEmpty()) {
      throw new BulkException("ERR_STATE_SAVE", failures.size() + " changes failed", failures);
    }
  }

  @Override
  public <E extends Exception> void transaction(StateChanges.Writer<E> writer) throws E {
    var written = new Changes();
    writer.write(written);
    try {
      dapr.executeStateTransaction(ExecuteStateTransactionRequest.newBuilder()
          .setStoreName(name)
          .addAllOperations(written.operations)
          .build());
    } catch (StatusRuntimeException e) {
      throw transactionFailure(e, written);
    }
  }

  private static RuntimeException transactionFailure(StatusRuntimeException e, Changes written) {
    var text = String.valueOf(e.getStatus().getDescription());
    return switch (e.getStatus().getCode()) {
      case UNIMPLEMENTED -> new TransactionException("ERR_STATE_STORE_NOT_SUPPORTED", text, e);
      case INTERNAL ->
        new TransactionException(
            "ERR_STATE_TRANSACTION",
            text,
            written.items().stream()
                .filter(item -> isCondition(item))
                .filter(item -> text.contains("key \"" + item.getKey() + "\""))
                .findFirst()
                .<Throwable>map(item -> new EtagMismatchException(
                    "ERR_STATE_SAVE", item.getKey(), expected(item), null))
                .orElse(e));
      default ->
        text.startsWith("the transaction contains")
            ? new TransactionException("ERR_STATE_STORE_TOO_MANY_TRANSACTIONS", text, e)
            : failure(e);
    };
  }

  private static boolean isCondition(StateItem item) {
    return expected(item) != null
        || item.getOptions().getConcurrency() == StateConcurrency.CONCURRENCY_FIRST_WRITE;
  }

  private static String expected(StateItem item) {
    return item.hasEtag() ? item.getEtag().getValue() : null;
  }

  private static RuntimeException failure(
      StatusRuntimeException e, String code, String key, String etag) {
    return switch (e.getStatus().getCode()) {
      case ABORTED -> new EtagMismatchException(code, key, etag, null);
      case INVALID_ARGUMENT ->
        String.valueOf(e.getStatus().getDescription()).contains("invalid etag value")
            ? new EtagMismatchException(code, key, etag, e.getStatus().getDescription())
            : failure(e);
      default -> failure(e);
    };
  }

  private static RuntimeException failure(StatusRuntimeException e) {
    var text = String.valueOf(e.getStatus().getDescription());
    return e.getStatus().getCode() == Status.Code.INVALID_ARGUMENT
        ? new IllegalArgumentException(text, e)
        : ComponentException.failed(text, e);
  }

  private static StateConsistency consistency(dev.pillion.state.Consistency consistency) {
    return switch (consistency) {
      case STRONG -> StateConsistency.CONSISTENCY_STRONG;
      case EVENTUAL -> StateConsistency.CONSISTENCY_EVENTUAL;
    };
  }

  private static StateItem item(String key, Object value, SaveOptions options) {
    if (!(value instanceof byte[] bytes)) {
      throw new IllegalArgumentException("values are byte[] here");
    }
    var item = StateItem.newBuilder()
        .setKey(key)
        .setValue(ByteString.copyFrom(bytes))
        .putAllMetadata(options.metadata());
    item.getOptionsBuilder().setConsistency(consistency(options.consistency()));
    if (options.isFirstWrite()) {
      item.getOptionsBuilder().setConcurrency(StateConcurrency.CONCURRENCY_FIRST_WRITE);
    }
    if (options.etag() != null) {
      item.setEtag(Etag.newBuilder().setValue(options.etag()));
    }
    if (options.timeToLive() != null) {
      item.putMetadata("ttlInSeconds", Long.toString(seconds(options.timeToLive())));
    }
    return item.build();
  }

  private static long seconds(Duration time) {
    return time.getNano() == 0 ? time.getSeconds() : time.getSeconds() + 1;
  }

  private static StateItem item(String key, DeleteOptions options) {
    var item = StateItem.newBuilder().setKey(key).putAllMetadata(options.metadata());
    if (options.etag() != null) {
      item.setEtag(Etag.newBuilder().setValue(options.etag()));
    }
    return item.build();
  }

  private static final class Changes implements StateChanges {
    private final List<TransactionalStateOperation> operations = new ArrayList<>();

    @Override
    public StateChanges save(String key, Object value) {
      return save(key, value, SaveOptions.defaults());
    }

    @Override
    public StateChanges save(String key, Object value, SaveOptions options) {
      return add("upsert", item(key, value, options));
    }

    @Override
    public StateChanges delete(String key) {
      return delete(key, DeleteOptions.defaults());
    }

    @Override
    public StateChanges delete(String key, DeleteOptions options) {
      return add("delete", item(key, options));
    }

    private StateChanges add(String operation, StateItem item) {
      operations.add(TransactionalStateOperation.newBuilder()
          .setOperationType(operation)
          .setRequest(item)
          .build());
      return this;
    }

    private List<StateItem> items() {
      return operations.stream().map(TransactionalStateOperation::getRequest).toList();
    }
  }
}
