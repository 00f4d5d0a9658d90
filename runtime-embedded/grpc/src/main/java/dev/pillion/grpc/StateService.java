// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.DaprGrpc.getDeleteBulkStateMethod;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getDeleteStateMethod;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getExecuteStateTransactionMethod;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getGetBulkStateMethod;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getGetStateMethod;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getQueryStateAlpha1Method;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getSaveStateMethod;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.BuildingBlockException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.TypeRef;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.StateChanges;
import dev.pillion.state.StateEntry;
import dev.pillion.state.StateStore;
import dev.pillion.wire.common.v1.StateItem;
import dev.pillion.wire.common.v1.StateOptions.StateConsistency;
import dev.pillion.wire.runtime.v1.BulkStateItem;
import dev.pillion.wire.runtime.v1.DeleteBulkStateRequest;
import dev.pillion.wire.runtime.v1.DeleteStateRequest;
import dev.pillion.wire.runtime.v1.ExecuteStateTransactionRequest;
import dev.pillion.wire.runtime.v1.GetBulkStateRequest;
import dev.pillion.wire.runtime.v1.GetBulkStateResponse;
import dev.pillion.wire.runtime.v1.GetStateRequest;
import dev.pillion.wire.runtime.v1.GetStateResponse;
import dev.pillion.wire.runtime.v1.QueryStateRequest;
import dev.pillion.wire.runtime.v1.QueryStateResponse;
import dev.pillion.wire.runtime.v1.SaveStateRequest;
import io.grpc.Status;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/** The state block: bytes in, bytes out. Checks stand in Dapr's order. */
final class StateService {
  private static final String SEPARATOR = "||";
  private static final TypeRef<byte[]> BYTES = TypeRef.of(byte[].class);

  private final EmbeddedRuntime runtime;

  StateService(EmbeddedRuntime runtime) {
    this.runtime = runtime;
  }

  void addTo(RpcTable rpcs) {
    rpcs.unary(getGetStateMethod(), this::get);
    rpcs.unary(getGetBulkStateMethod(), this::getBulk);
    rpcs.unary(getSaveStateMethod(), this::save);
    rpcs.unary(getDeleteStateMethod(), this::delete);
    rpcs.unary(getDeleteBulkStateMethod(), this::deleteBulk);
    rpcs.unary(getExecuteStateTransactionMethod(), this::transact);
    rpcs.unary(getQueryStateAlpha1Method(), this::query);
  }

  private GetStateResponse get(GetStateRequest request) {
    var store = store(request.getStoreName());
    var key = request.getKey();
    requireKey(store, key, "ERR_STATE_GET");
    var options = StateRequests.read(request.getConsistency(), request.getMetadataMap());
    try {
      return store
          .entry(key, BYTES, options)
          .map(StateService::found)
          .orElseGet(GetStateResponse::getDefaultInstance);
    } catch (BuildingBlockException | IllegalArgumentException e) {
      throw StateFailures.get(store.name(), key, e);
    }
  }

  private static GetStateResponse found(StateEntry<byte[]> entry) {
    var answer = GetStateResponse.newBuilder().setData(data(entry)).setEtag(entry.etag());
    entry.expiresAt().ifPresent(at -> answer.putMetadata("ttlExpireTime", expireTime(at)));
    return answer.build();
  }

  /** The entry's bytes are nobody else's. */
  private static ByteString data(StateEntry<byte[]> entry) {
    return UnsafeByteOperations.unsafeWrap(entry.value());
  }

  /** RFC 3339 in whole seconds. */
  private static String expireTime(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private GetBulkStateResponse getBulk(GetBulkStateRequest request) {
    var store = store(request.getStoreName());
    var keys = request.getKeysList();
    keys.forEach(key -> requireKey(store, key, "ERR_STATE_BULK_GET"));
    var options =
        StateRequests.read(StateConsistency.CONSISTENCY_UNSPECIFIED, request.getMetadataMap());
    var answer = GetBulkStateResponse.newBuilder();
    try {
      var read = store.getAll(keys, BYTES, options);
      for (String key : keys) {
        var item = BulkStateItem.newBuilder().setKey(key);
        var failure = read.failures().get(key);
        var entry = read.found().get(key);
        if (failure != null) {
          item.setError(String.valueOf(failure.getMessage()));
        } else if (entry != null) {
          item.setData(data(entry)).setEtag(entry.etag());
          entry.expiresAt().ifPresent(at -> item.putMetadata("ttlExpireTime", expireTime(at)));
        }
        answer.addItems(item);
      }
      return answer.build();
    } catch (BuildingBlockException | IllegalArgumentException e) {
      throw StateFailures.getBulk(e);
    }
  }

  private Empty save(SaveStateRequest request) {
    var store = store(request.getStoreName());
    var items = request.getStatesList();
    try {
      if (items.size() == 1) {
        var item = items.get(0);
        requireKey(store, item.getKey(), "ERR_STATE_SAVE");
        store.save(item.getKey(), item.getValue().toByteArray(), StateRequests.save(item));
      } else {
        store.bulk(changes -> items.forEach(item -> save(store, changes, item)));
      }
      return Empty.getDefaultInstance();
    } catch (BuildingBlockException | IllegalArgumentException e) {
      throw StateFailures.save(store.name(), e);
    }
  }

  private static void save(StateStore store, StateChanges changes, StateItem item) {
    requireKey(store, item.getKey(), "ERR_STATE_SAVE");
    changes.save(item.getKey(), item.getValue().toByteArray(), StateRequests.save(item));
  }

  private Empty delete(DeleteStateRequest request) {
    var store = store(request.getStoreName());
    var key = request.getKey();
    requireKey(store, key, "ERR_STATE_DELETE");
    try {
      store.delete(
          key,
          StateRequests.delete(request.getEtag(), request.getOptions(), request.getMetadataMap()));
      return Empty.getDefaultInstance();
    } catch (BuildingBlockException | IllegalArgumentException e) {
      throw StateFailures.delete(key, e);
    }
  }

  private Empty deleteBulk(DeleteBulkStateRequest request) {
    var store = store(request.getStoreName());
    var items = request.getStatesList();
    items.forEach(item -> requireKey(store, item.getKey(), "ERR_STATE_BULK_DELETE"));
    try {
      if (items.size() == 1) {
        store.delete(items.get(0).getKey(), deletion(items.get(0)));
      } else {
        store.bulk(changes -> items.forEach(item -> changes.delete(item.getKey(), deletion(item))));
      }
      return Empty.getDefaultInstance();
    } catch (BuildingBlockException | IllegalArgumentException e) {
      throw StateFailures.deleteBulk(store.name(), e);
    }
  }

  private static dev.pillion.state.DeleteOptions deletion(StateItem item) {
    return StateRequests.delete(item.getEtag(), item.getOptions(), item.getMetadataMap());
  }

  private Empty transact(ExecuteStateTransactionRequest request) {
    var store = store(request.getStoreName());
    try {
      store.transaction(changes -> request.getOperationsList().forEach(operation -> {
        var item = operation.getRequest();
        requireKey(store, item.getKey(), "ERR_STATE_TRANSACTION");
        add(changes, operation.getOperationType(), item, request.getMetadataMap());
      }));
      return Empty.getDefaultInstance();
    } catch (BuildingBlockException | IllegalArgumentException e) {
      throw StateFailures.transaction(
          runtime.appId(), store.name(), request.getOperationsCount(), e);
    }
  }

  private static void add(
      StateChanges changes, String operation, StateItem item, Map<String, String> transaction) {
    switch (operation) {
      case "upsert" ->
        changes.save(
            item.getKey(), item.getValue().toByteArray(), StateRequests.save(item, transaction));
      case "delete" -> changes.delete(item.getKey(), deletion(item));
      default ->
        throw GrpcErrors.basic(
            Status.Code.UNIMPLEMENTED,
            "ERR_NOT_SUPPORTED_STATE_OPERATION",
            "operation type " + operation + " not supported");
    }
  }

  /** Stores can't be queried in this version. */
  private QueryStateResponse query(QueryStateRequest request) {
    throw GrpcErrors.queryNotSupported(store(request.getStoreName()).name());
  }

  private StateStore store(String name) {
    try {
      return runtime.state(name);
    } catch (NoSuchComponentException e) {
      throw e.anyConfigured()
          ? GrpcErrors.stateStoreNotFound(name)
          : GrpcErrors.stateStoreNotConfigured(name);
    }
  }

  private static void requireKey(StateStore store, String key, String reason) {
    if (key.isEmpty()) {
      throw GrpcErrors.basic(Status.Code.INVALID_ARGUMENT, reason, "state key cannot be empty");
    }
    if (key.contains(SEPARATOR)) {
      throw GrpcErrors.illegalKey(store.name(), key);
    }
  }
}
