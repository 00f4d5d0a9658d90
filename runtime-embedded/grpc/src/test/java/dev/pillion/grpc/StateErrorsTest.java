// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.StateFacadeTest.etag;
import static dev.pillion.grpc.StateFacadeTest.item;
import static dev.pillion.grpc.StateFacadeTest.read;
import static dev.pillion.grpc.TestFacade.STORE;
import static dev.pillion.grpc.TestFacade.failure;
import static dev.pillion.grpc.TestFacade.info;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.BadRequest;
import com.google.rpc.Help;
import com.google.rpc.ResourceInfo;
import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.wire.common.v1.StateItem;
import dev.pillion.wire.runtime.v1.DaprGrpc.DaprBlockingStub;
import dev.pillion.wire.runtime.v1.DeleteBulkStateRequest;
import dev.pillion.wire.runtime.v1.DeleteStateRequest;
import dev.pillion.wire.runtime.v1.ExecuteStateTransactionRequest;
import dev.pillion.wire.runtime.v1.GetBulkStateRequest;
import dev.pillion.wire.runtime.v1.GetStateRequest;
import dev.pillion.wire.runtime.v1.QueryStateRequest;
import dev.pillion.wire.runtime.v1.SaveStateRequest;
import dev.pillion.wire.runtime.v1.TransactionalStateOperation;
import io.grpc.Status.Code;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every failure of the state rpcs: its code, Dapr's words, and Dapr's details. */
class StateErrorsTest {
  private static final ResourceInfo RESOURCE =
      ResourceInfo.newBuilder().setResourceType("state").setResourceName(STORE).build();

  private final ScriptedStore component = new ScriptedStore();
  private final TestFacade facade = TestFacade.over(component);

  @AfterEach
  void close() {
    facade.close();
  }

  private static void save(DaprBlockingStub dapr, String store, StateItem.Builder... items) {
    var request = SaveStateRequest.newBuilder().setStoreName(store);
    for (var item : items) {
      request.addStates(item);
    }
    dapr.saveState(request.build());
  }

  private void save(StateItem.Builder... items) {
    save(facade.dapr(), STORE, items);
  }

  private static void delete(DaprBlockingStub dapr, String store, String key) {
    dapr.deleteState(
        DeleteStateRequest.newBuilder().setStoreName(store).setKey(key).build());
  }

  private static void deleteBulk(DaprBlockingStub dapr, String store, StateItem.Builder... items) {
    var request = DeleteBulkStateRequest.newBuilder().setStoreName(store);
    for (var item : items) {
      request.addStates(item);
    }
    dapr.deleteBulkState(request.build());
  }

  private static void getBulk(DaprBlockingStub dapr, String store, String key) {
    dapr.getBulkState(
        GetBulkStateRequest.newBuilder().setStoreName(store).addKeys(key).build());
  }

  private static void transact(
      DaprBlockingStub dapr, String store, String operation, StateItem.Builder... items) {
    var request = ExecuteStateTransactionRequest.newBuilder().setStoreName(store);
    for (var item : items) {
      request.addOperations(
          TransactionalStateOperation.newBuilder().setOperationType(operation).setRequest(item));
    }
    dapr.executeStateTransaction(request.build());
  }

  private static void query(DaprBlockingStub dapr, String store) {
    dapr.queryStateAlpha1(QueryStateRequest.newBuilder().setStoreName(store).build());
  }

  /** Each rpc with a store and a key. */
  private static Map<String, Rpc> rpcs() {
    return Map.of(
        "GetState",
        (dapr, store, key) -> dapr.getState(
            GetStateRequest.newBuilder().setStoreName(store).setKey(key).build()),
        "GetBulkState",
        StateErrorsTest::getBulk,
        "SaveState",
        (dapr, store, key) -> save(dapr, store, item(key, "x")),
        "SaveState of two",
        (dapr, store, key) -> save(dapr, store, item("good", "x"), item(key, "x")),
        "DeleteState",
        StateErrorsTest::delete,
        "DeleteBulkState",
        (dapr, store, key) -> deleteBulk(dapr, store, item(key, "")),
        "DeleteBulkState of two",
        (dapr, store, key) -> deleteBulk(dapr, store, item("good", ""), item(key, "")),
        "ExecuteStateTransaction, upsert",
        (dapr, store, key) -> transact(dapr, store, "upsert", item("good", "x"), item(key, "x")),
        "ExecuteStateTransaction, delete",
        (dapr, store, key) -> transact(dapr, store, "delete", item(key, "")));
  }

  private interface Rpc {
    void call(DaprBlockingStub dapr, String store, String key);
  }

  private static Stream<DynamicTest> each(BiConsumer<String, Rpc> test) {
    return rpcs().entrySet().stream()
        .map(rpc ->
            DynamicTest.dynamicTest(rpc.getKey(), () -> test.accept(rpc.getKey(), rpc.getValue())));
  }

  @TestFactory
  Stream<DynamicTest> anUnknownStore() {
    return each((name, rpc) -> failure(() -> rpc.call(facade.dapr(), "nowhere", "a||b"))
        .has(Code.INVALID_ARGUMENT, "state store nowhere is not found")
        .hasReason("DAPR_STATE_NOT_FOUND"));
  }

  @Test
  void noStoreAtAll() {
    try (var empty = TestFacade.start(TestFacade.facade(), builder -> {})) {
      for (var rpc : rpcs().values()) {
        failure(() -> rpc.call(empty.dapr(), STORE, "key"))
            .has(Code.FAILED_PRECONDITION, "state store statestore is not configured")
            .hasReason("DAPR_STATE_NOT_CONFIGURED");
      }
      failure(() -> query(empty.dapr(), STORE))
          .has(Code.FAILED_PRECONDITION, "state store statestore is not configured");
    }
  }

  @TestFactory
  Stream<DynamicTest> aKeyWithTheSeparator() {
    var message = "input key/keyPrefix 'a||b' can't contain '||'";
    var violation = BadRequest.FieldViolation.newBuilder().setField("a||b").setDescription(message);
    return each((name, rpc) -> {
      failure(() -> rpc.call(facade.dapr(), STORE, "a||b"))
          .has(Code.INVALID_ARGUMENT, message)
          .hasDetails(
              BadRequest.newBuilder().addFieldViolations(violation).build(),
              RESOURCE,
              info("DAPR_STATE_ILLEGAL_KEY", Map.of()));
      assertThat(facade.runtime().state(STORE).get("good", byte[].class)).isEmpty();
    });
  }

  @TestFactory
  Stream<DynamicTest> anEmptyKey() {
    return each((name, rpc) -> {
      var refused = failure(() -> rpc.call(facade.dapr(), STORE, ""))
          .has(Code.INVALID_ARGUMENT, "state key cannot be empty");
      if (name.startsWith("SaveState")) {
        refused.hasReason("ERR_STATE_SAVE");
      }
      assertThat(facade.runtime().state(STORE).get("good", byte[].class)).isEmpty();
    });
  }

  private static Runnable thrower(Supplier<RuntimeException> failure) {
    return () -> {
      throw failure.get();
    };
  }

  private void fails(String key, Supplier<RuntimeException> failure) {
    component.before(key, thrower(failure));
  }

  @Test
  void theStoreFails() {
    fails("k", () -> ComponentException.failed("the disk is wet", null));

    failure(() -> facade.dapr().getState(read("k")))
        .has(Code.INTERNAL, "fail to get k from state store statestore: the disk is wet")
        .hasReason("ERR_STATE_GET");
    failure(() -> save(item("k", "x")))
        .has(Code.INTERNAL, "failed saving state in state store statestore: the disk is wet")
        .hasReason("ERR_STATE_SAVE");
    failure(() -> save(item("k", "x"), item("good", "x")))
        .has(Code.INTERNAL, "failed saving state in state store statestore: the disk is wet")
        .hasReason("ERR_STATE_SAVE");
    failure(() -> delete(facade.dapr(), STORE, "k"))
        .has(Code.INTERNAL, "failed deleting state with key k: the disk is wet")
        .hasReason("ERR_STATE_DELETE");
    failure(() -> transact(facade.dapr(), STORE, "upsert", item("k", "x")))
        .has(Code.INTERNAL, "error while executing state transaction: the disk is wet")
        .hasReason("ERR_STATE_TRANSACTION");
    var bulk = failure(() -> deleteBulk(facade.dapr(), STORE, item("k", "")))
        .hasReason("ERR_STATE_BULK_DELETE");
    assertThat(bulk.thrown().getStatus().getCode()).isEqualTo(Code.INTERNAL);
    assertThat(bulk.thrown().getStatus().getDescription())
        .startsWith("failed deleting state in state store statestore: ")
        .endsWith("the disk is wet");
  }

  @Test
  void aBulkReadFailsAsAWhole() {
    component.beforeBulkRead(thrower(() -> ComponentException.failed("the disk is wet", null)));

    var failure = failure(() -> getBulk(facade.dapr(), STORE, "k")).hasNoDetails();
    assertThat(failure.thrown().getStatus().getCode()).isEqualTo(Code.UNKNOWN);
    assertThat(failure.thrown().getStatus().getDescription()).endsWith("the disk is wet");
  }

  @Test
  void anEtagThatIsNotTheValues() {
    save(item("k", "x"));

    var saved =
        failure(() -> save(item("k", "y").setEtag(etag("stale")))).hasReason("ERR_STATE_SAVE");
    assertThat(saved.thrown().getStatus().getCode()).isEqualTo(Code.ABORTED);
    assertThat(saved.thrown().getStatus().getDescription())
        .startsWith("failed saving state in state store statestore: possible etag mismatch");
    var deleted = failure(() -> facade
            .dapr()
            .deleteState(DeleteStateRequest.newBuilder()
                .setStoreName(STORE)
                .setKey("k")
                .setEtag(etag("stale"))
                .build()))
        .hasReason("ERR_STATE_DELETE");
    assertThat(deleted.thrown().getStatus().getCode()).isEqualTo(Code.ABORTED);
    assertThat(deleted.thrown().getStatus().getDescription())
        .startsWith("failed deleting state with key k: possible etag mismatch");
    var bulk = failure(() ->
            deleteBulk(facade.dapr(), STORE, item("k", "").setEtag(etag("stale")), item("b", "")))
        .hasReason("ERR_STATE_BULK_DELETE");
    assertThat(bulk.thrown().getStatus().getCode()).isEqualTo(Code.ABORTED);
    assertThat(bulk.thrown().getStatus().getDescription())
        .startsWith("failed deleting state in state store statestore: possible etag mismatch");
    // A transaction tells no failure from another.
    var transaction = failure(
            () -> transact(facade.dapr(), STORE, "upsert", item("k", "y").setEtag(etag("stale"))))
        .hasReason("ERR_STATE_TRANSACTION");
    assertThat(transaction.thrown().getStatus().getCode()).isEqualTo(Code.INTERNAL);
    assertThat(transaction.thrown().getStatus().getDescription())
        .startsWith("error while executing state transaction: possible etag mismatch");
  }

  private static EtagMismatchException mismatch(String key) {
    return new EtagMismatchException("ERR_STATE_SAVE", key, "e", null);
  }

  private static EtagMismatchException malformed(String key) {
    return new EtagMismatchException("ERR_STATE_SAVE", key, "e", "not a number");
  }

  @Test
  void anEtagThatNoStoreIssued() {
    fails("k", () -> malformed("checkout||k"));

    var saved = failure(() -> save(item("k", "y"))).hasReason("ERR_STATE_SAVE");
    assertThat(saved.thrown().getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(saved.thrown().getStatus().getDescription())
        .startsWith("failed saving state in state store statestore: invalid etag value");
    var deleted = failure(() -> delete(facade.dapr(), STORE, "k"));
    assertThat(deleted.thrown().getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
  }

  @Test
  void ofManyFailuresTheEtagsDecide() {
    fails("wet", () -> ComponentException.failed("the disk is wet", null));
    fails("stale", () -> mismatch("checkout||stale"));
    fails("odd", () -> malformed("checkout||odd"));

    assertThat(code(item("stale", "x"), item("good", "x"))).isEqualTo(Code.ABORTED);
    assertThat(code(item("stale", "x"), item("odd", "x"))).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(code(item("wet", "x"), item("stale", "x"))).isEqualTo(Code.ABORTED);
    assertThat(code(item("wet", "x"), item("odd", "x"), item("stale", "x")))
        .isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(code(item("wet", "x"), item("stale", "x"), item("odd", "x")))
        .isEqualTo(Code.ABORTED);
    assertThat(code(item("wet", "x"), item("good", "x"))).isEqualTo(Code.INTERNAL);
    assertThat(failure(() -> save(item("stale", "x"), item("wet", "x")))
            .thrown()
            .getStatus()
            .getDescription()
            .split("\n"))
        .hasSize(2);
  }

  private Code code(StateItem.Builder... items) {
    return failure(() -> save(items)).thrown().getStatus().getCode();
  }

  @Test
  void aStoreWithoutTransactions() {
    try (var plain = TestFacade.over(new PlainStore())) {
      var link = Help.Link.newBuilder()
          .setUrl("https://docs.dapr.io/reference/components-reference/supported-state-stores/")
          .setDescription("Check the list of state stores and the features they support");
      failure(() -> transact(plain.dapr(), STORE, "nonsense", item("a||b", "x")))
          .has(Code.UNIMPLEMENTED, "state store statestore doesn't support transactions")
          .hasDetails(
              Help.newBuilder().addLinks(link).build(),
              RESOURCE,
              info("DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED", Map.of()));
    }
  }

  @Test
  void anUnknownOperation() {
    failure(() -> transact(facade.dapr(), STORE, "Upsert", item("k", "x")))
        .has(Code.UNIMPLEMENTED, "operation type Upsert not supported")
        .hasReason("ERR_NOT_SUPPORTED_STATE_OPERATION");
    // Of one operation the key is judged before the type.
    assertThat(failure(() -> transact(facade.dapr(), STORE, "nonsense", item("a||b", "x")))
            .thrown()
            .getStatus()
            .getCode())
        .isEqualTo(Code.INVALID_ARGUMENT);
  }

  @Test
  void anOutboxWhosePubsubRefuses() {
    var reason =
        "topic checkoutnewsoutbox is not allowed for app id checkout: \"publishingScopes\" of the pubsub \"inner\" gives this app other topics";
    try (var closed = TestFacade.start(TestFacade.facade(), builder -> builder
        .component(spec(
            STORE,
            "state.in-memory",
            Map.of(
                "outboxPublishPubsub", "bus",
                "outboxPublishTopic", "news",
                "outboxPubsub", "inner")))
        .component(spec("bus", "pubsub.in-memory", Map.of()))
        .component(
            spec("inner", "pubsub.in-memory", Map.of("publishingScopes", "checkout=other"))))) {
      failure(() -> transact(closed.dapr(), STORE, "upsert", item("k", "x")))
          .has(Code.INTERNAL, "error while publishing outbox message: " + reason)
          .hasDetails(info("DAPR_PUBSUB_OUTBOX", Map.of("appID", "checkout", "error", reason)));
    }
  }

  private static ComponentSpec spec(String name, String type, Map<String, String> settings) {
    return new ComponentSpec(
        name,
        type,
        "v1",
        ComponentMetadata.of(settings),
        ComponentSpec.DEFAULT_INIT_TIMEOUT,
        false);
  }

  @Test
  void tooManyOperations() {
    component.maxTransactionSize(1);

    failure(() -> transact(facade.dapr(), STORE, "upsert", item("a", "x"), item("b", "x")))
        .has(
            Code.INVALID_ARGUMENT,
            "the transaction contains 2 operations, which is more than what the state store supports: 1")
        .hasDetails(
            RESOURCE,
            info(
                "DAPR_STATE_TOO_MANY_TRANSACTIONS",
                Map.of("currentOpsTransaction", "2", "maxOpsPerTransaction", "1")));
    // The operations are judged before their number.
    failure(() -> transact(facade.dapr(), STORE, "nonsense", item("a", "x"), item("b", "x")))
        .has(Code.UNIMPLEMENTED, "operation type nonsense not supported");
  }

  @Test
  void noStoreCanBeQueried() {
    failure(() -> query(facade.dapr(), STORE))
        .has(Code.INTERNAL, "state store does not support querying")
        .hasDetails(RESOURCE, info("DAPR_STATE_QUERYING_NOT_SUPPORTED", Map.of()));
    failure(() -> query(facade.dapr(), "nowhere"))
        .has(Code.INVALID_ARGUMENT, "state store nowhere is not found");
  }

  @Test
  void bytesThatAreMarkedAsJsonAndAreNot() {
    var bad = item("k", "{\"secret\": canary").putMetadata("contentType", "application/json");

    for (var call : new StateItem.Builder[][] {{bad}, {item("good", "x"), bad}}) {
      var failure = failure(() -> save(call)).hasNoDetails();
      assertThat(failure.thrown().getStatus().getCode()).isEqualTo(Code.UNKNOWN);
      assertThat(failure.thrown().getStatus().getDescription()).doesNotContain("canary");
    }
    assertThat(facade.runtime().state(STORE).get("good", byte[].class)).isEmpty();
  }

  @Test
  void aTimeToLiveThatIsNoNumber() {
    var bad = item("k", "x").putMetadata("ttlInSeconds", "soon");

    for (var call : new StateItem.Builder[][] {{bad}, {item("good", "x"), bad}}) {
      var failure = failure(() -> save(call)).hasReason("ERR_STATE_SAVE");
      assertThat(failure.thrown().getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
      assertThat(failure.thrown().getStatus().getDescription())
          .startsWith("failed saving state in state store statestore: "
              + "incorrect value for metadata 'ttlInSeconds'");
    }
    assertThat(facade.runtime().state(STORE).get("good", byte[].class)).isEmpty();
  }

  @Test
  void aConditionOnAKeyThatTheTransactionHasChangedBefore() {
    var failure = failure(() -> transact(
            facade.dapr(), STORE, "upsert", item("k", "x"), item("k", "y").setEtag(etag("1"))))
        .hasReason("ERR_STATE_TRANSACTION");
    assertThat(failure.thrown().getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
  }

  @Test
  void theStoreDoesNotAnswerInTime() {
    fails("k", () -> new CallTimeoutException("ERR_COMPONENT", "no answer for 2 s", null));

    failure(() -> facade.dapr().getState(read("k")))
        .has(Code.DEADLINE_EXCEEDED, "fail to get k from state store statestore: no answer for 2 s")
        .hasReason("ERR_STATE_GET");
    assertThat(code(item("k", "x"))).isEqualTo(Code.DEADLINE_EXCEEDED);
    assertThat(code(item("k", "x"), item("good", "x"))).isEqualTo(Code.DEADLINE_EXCEEDED);
    assertThat(failure(() -> delete(facade.dapr(), STORE, "k"))
            .thrown()
            .getStatus()
            .getCode())
        .isEqualTo(Code.DEADLINE_EXCEEDED);
    assertThat(failure(() -> transact(facade.dapr(), STORE, "upsert", item("k", "x")))
            .thrown()
            .getStatus()
            .getCode())
        .isEqualTo(Code.DEADLINE_EXCEEDED);
  }

  @Test
  void theCallIsRejected() {
    fails("k", () -> new CallRejectedException("ERR_BREAKER", "the breaker is open", null));

    failure(() -> facade.dapr().getState(read("k")))
        .has(
            Code.RESOURCE_EXHAUSTED,
            "fail to get k from state store statestore: the breaker is open");
    assertThat(code(item("k", "x"))).isEqualTo(Code.RESOURCE_EXHAUSTED);
  }
}
