// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.TestFacade.STORE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.pillion.ComponentException;
import dev.pillion.state.Consistency;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.StateChange;
import dev.pillion.wire.common.v1.Etag;
import dev.pillion.wire.common.v1.StateItem;
import dev.pillion.wire.common.v1.StateOptions;
import dev.pillion.wire.common.v1.StateOptions.StateConcurrency;
import dev.pillion.wire.common.v1.StateOptions.StateConsistency;
import dev.pillion.wire.runtime.v1.BulkStateItem;
import dev.pillion.wire.runtime.v1.DeleteBulkStateRequest;
import dev.pillion.wire.runtime.v1.DeleteStateRequest;
import dev.pillion.wire.runtime.v1.ExecuteStateTransactionRequest;
import dev.pillion.wire.runtime.v1.GetBulkStateRequest;
import dev.pillion.wire.runtime.v1.GetStateRequest;
import dev.pillion.wire.runtime.v1.GetStateResponse;
import dev.pillion.wire.runtime.v1.SaveStateRequest;
import dev.pillion.wire.runtime.v1.TransactionalStateOperation;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The state rpcs, when all is well. */
class StateFacadeTest {
  private final ScriptedStore component = new ScriptedStore();
  private final TestFacade facade = TestFacade.over(component);
  private final StateStore store = facade.runtime().state(STORE);

  @AfterEach
  void close() {
    facade.close();
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static StateItem.Builder item(String key, String value) {
    return StateItem.newBuilder().setKey(key).setValue(ByteString.copyFromUtf8(value));
  }

  static Etag etag(String value) {
    return Etag.newBuilder().setValue(value).build();
  }

  static StateOptions concurrency(StateConcurrency concurrency) {
    return StateOptions.newBuilder().setConcurrency(concurrency).build();
  }

  static GetStateRequest read(String key) {
    return GetStateRequest.newBuilder().setStoreName(STORE).setKey(key).build();
  }

  private void save(StateItem.Builder... items) {
    var request = SaveStateRequest.newBuilder().setStoreName(STORE);
    for (var item : items) {
      request.addStates(item);
    }
    facade.dapr().saveState(request.build());
  }

  private GetStateResponse get(String key) {
    return facade.dapr().getState(read(key));
  }

  private String text(String key) {
    return get(key).getData().toStringUtf8();
  }

  @Test
  void whatIsSavedIsReadHereAndThere() {
    save(item("42", "hello"));

    assertThat(text("42")).isEqualTo("hello");
    assertThat(store.get("42", byte[].class)).contains(bytes("hello"));
    assertThat(get("42").getEtag())
        .isEqualTo(store.entry("42", byte[].class).orElseThrow().etag())
        .isNotEmpty();
  }

  @Test
  void anAbsentKeyIsAnEmptyAnswer() {
    assertThat(get("absent")).isEqualTo(GetStateResponse.getDefaultInstance());
  }

  @Test
  void noBytesAreAValue() {
    save(item("empty", ""));

    assertThat(get("empty").getData().isEmpty()).isTrue();
    assertThat(get("empty").getEtag()).isNotEmpty();
    assertThat(store.get("empty", byte[].class)).contains(new byte[0]);
  }

  @Test
  void anyBytesComeBackAsTheyWere() {
    var all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    save(StateItem.newBuilder().setKey("all").setValue(ByteString.copyFrom(all)));

    assertThat(get("all").getData().toByteArray()).isEqualTo(all);
  }

  @Test
  void manyAreSavedInOneRequest() {
    save(item("a", "1"), item("b", "2"), item("c", "3"));

    assertThat(store.getAll(List.of("a", "b", "c"), byte[].class).found()).hasSize(3);
  }

  @Test
  void noItemIsNothingToDo() {
    save();
    facade
        .dapr()
        .deleteBulkState(DeleteBulkStateRequest.newBuilder().setStoreName(STORE).build());
    facade
        .dapr()
        .executeStateTransaction(
            ExecuteStateTransactionRequest.newBuilder().setStoreName(STORE).build());
    assertThat(facade
            .dapr()
            .getBulkState(GetBulkStateRequest.newBuilder().setStoreName(STORE).build())
            .getItemsCount())
        .isZero();
  }

  @Test
  void theTimeToLiveOfTheMetadataIsTold() {
    save(item("brief", "x").putMetadata("ttlInSeconds", "3600"));

    var told = get("brief").getMetadataOrThrow("ttlExpireTime");
    assertThat(told).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
    assertThat(Duration.between(Instant.now(), Instant.parse(told)))
        .isBetween(Duration.ofMinutes(58), Duration.ofHours(1));
    assertThat(bulk("brief").get(0).getMetadataOrThrow("ttlExpireTime")).isEqualTo(told);
    save(item("brief", "y"));
    assertThat(get("brief").getMetadataMap()).isEmpty();
  }

  @Test
  void anEtagIsACondition() {
    save(item("guarded", "1"));
    var etag = get("guarded").getEtag();
    save(item("guarded", "2").setEtag(etag(etag)));

    var stale = TestFacade.failure(() -> save(item("guarded", "3").setEtag(etag(etag))));
    assertThat(stale.thrown().getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
    assertThat(text("guarded")).isEqualTo("2");
  }

  @Test
  void lastWriteWinsOverTheEtag() {
    save(item("guarded", "1"));
    save(item("guarded", "2")
        .setEtag(etag("stale"))
        .setOptions(concurrency(StateConcurrency.CONCURRENCY_LAST_WRITE)));

    assertThat(text("guarded")).isEqualTo("2");
  }

  @Test
  void anEmptyEtagIsNone() {
    save(item("plain", "1"));
    save(item("plain", "2").setEtag(etag("")));

    assertThat(text("plain")).isEqualTo("2");
  }

  @Test
  void firstWriteWithoutAnEtagWantsNoValue() {
    var first = concurrency(StateConcurrency.CONCURRENCY_FIRST_WRITE);
    save(item("first", "1").setOptions(first));

    var second = TestFacade.failure(() -> save(item("first", "2").setOptions(first)));
    assertThat(second.thrown().getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
    assertThat(text("first")).isEqualTo("1");
    // With an etag it is that etag that counts.
    save(item("first", "3").setOptions(first).setEtag(etag(get("first").getEtag())));
    assertThat(text("first")).isEqualTo("3");
  }

  @Test
  void optionsAndMetadataReachTheStore() {
    var seen = new AtomicReference<StateChange>();
    component.beforeChange("seen", seen::set);
    save(item("seen", "{ \"a\" : 1 }")
        .putMetadata("contentType", "application/json")
        .putMetadata("own", "thing")
        .setOptions(StateOptions.newBuilder().setConsistency(StateConsistency.CONSISTENCY_STRONG)));

    var put = (StateChange.Put) seen.get();
    assertThat(put.metadata()).isEqualTo(Map.of("contentType", "application/json", "own", "thing"));
    assertThat(put.consistency()).isEqualTo(Consistency.STRONG);
    assertThat(put.value().isJson()).isTrue();
    assertThat(text("seen")).isEqualTo("{\"a\":1}");
  }

  @Test
  void aDeletedKeyIsGone() {
    save(item("gone", "x"));
    facade
        .dapr()
        .deleteState(
            DeleteStateRequest.newBuilder().setStoreName(STORE).setKey("gone").build());

    assertThat(store.get("gone", byte[].class)).isEmpty();
  }

  @Test
  void aDeleteHeedsItsEtagUnlessLastWriteIsAskedFor() {
    save(item("kept", "x"));
    var request = DeleteStateRequest.newBuilder()
        .setStoreName(STORE)
        .setKey("kept")
        .setEtag(etag("wrong"))
        .build();

    var refused = TestFacade.failure(() -> facade.dapr().deleteState(request));
    assertThat(refused.thrown().getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
    facade
        .dapr()
        .deleteState(request.toBuilder()
            .setOptions(concurrency(StateConcurrency.CONCURRENCY_LAST_WRITE))
            .build());
    assertThat(store.get("kept", byte[].class)).isEmpty();
  }

  @Test
  void aDeleteFirstWriteWithoutAnEtagHasNoCondition() {
    var first = concurrency(StateConcurrency.CONCURRENCY_FIRST_WRITE);
    save(item("single", "1"), item("a", "1"), item("b", "1"), item("in a transaction", "1"));
    var single = DeleteStateRequest.newBuilder()
        .setStoreName(STORE)
        .setKey("single")
        .setOptions(first)
        .build();
    facade.dapr().deleteState(single);
    facade
        .dapr()
        .deleteBulkState(DeleteBulkStateRequest.newBuilder()
            .setStoreName(STORE)
            .addStates(item("a", "").setOptions(first))
            .addStates(item("b", "").setOptions(first).setEtag(etag("")))
            .build());
    transact(Map.of(), operation("delete", item("in a transaction", "").setOptions(first)));

    var keys = List.of("single", "a", "b", "in a transaction");
    assertThat(store.getAll(keys, byte[].class).found()).isEmpty();
    // Nor has it one where nothing is.
    facade.dapr().deleteState(single);
    transact(Map.of(), operation("delete", item("single", "").setOptions(first)));
  }

  @Test
  void manyAreDeletedInOneRequest() {
    save(item("a", "1"), item("b", "2"), item("c", "3"));
    facade
        .dapr()
        .deleteBulkState(DeleteBulkStateRequest.newBuilder()
            .setStoreName(STORE)
            .addStates(item("a", ""))
            .addStates(item("b", "").setEtag(etag(get("b").getEtag())))
            .build());

    assertThat(store.getAll(List.of("a", "b", "c"), byte[].class).found().keySet())
        .containsExactly("c");
  }

  private List<BulkStateItem> bulk(String... keys) {
    return facade
        .dapr()
        .getBulkState(GetBulkStateRequest.newBuilder()
            .setStoreName(STORE)
            .addAllKeys(List.of(keys))
            .setParallelism(10)
            .build())
        .getItemsList();
  }

  @Test
  void aBulkReadAnswersInTheOrderOfTheRequestAndAsOftenAsAsked() {
    save(item("b", "2"), item("a", "1"));

    var items = bulk("b", "absent", "a", "b");
    assertThat(items.stream().map(BulkStateItem::getKey)).containsExactly("b", "absent", "a", "b");
    assertThat(items.stream().map(item -> item.getData().toStringUtf8()))
        .containsExactly("2", "", "1", "2");
    assertThat(items.get(1))
        .isEqualTo(BulkStateItem.newBuilder().setKey("absent").build());
    assertThat(items.get(2).getEtag()).isEqualTo(get("a").getEtag());
  }

  @Test
  void oneKeyThatCannotBeReadFailsAlone() {
    save(item("good", "1"));
    component.before("bad", () -> {
      throw ComponentException.unavailable("the disk is wet", null);
    });

    var items = bulk("bad", "good");
    assertThat(items.get(0).getError()).contains("the disk is wet");
    assertThat(items.get(0).getData().isEmpty()).isTrue();
    assertThat(items.get(1).getData().toStringUtf8()).isEqualTo("1");
  }

  private static TransactionalStateOperation operation(String type, StateItem.Builder item) {
    return TransactionalStateOperation.newBuilder()
        .setOperationType(type)
        .setRequest(item)
        .build();
  }

  private void transact(Map<String, String> metadata, TransactionalStateOperation... operations) {
    facade
        .dapr()
        .executeStateTransaction(ExecuteStateTransactionRequest.newBuilder()
            .setStoreName(STORE)
            .addAllOperations(List.of(operations))
            .putAllMetadata(metadata)
            .build());
  }

  @Test
  void aTransactionIsAppliedAsAWholeOrNotAtAll() {
    save(item("gone", "x"), item("guarded", "1"));
    transact(
        Map.of(),
        operation("upsert", item("new", "1")),
        operation("delete", item("gone", "")),
        operation("upsert", item("guarded", "2").setEtag(etag(get("guarded").getEtag()))));
    assertThat(text("new")).isEqualTo("1");
    assertThat(text("guarded")).isEqualTo("2");
    assertThat(store.get("gone", byte[].class)).isEmpty();

    TestFacade.failure(() -> transact(
        Map.of(),
        operation("upsert", item("new", "2")),
        operation("delete", item("guarded", "").setEtag(etag("stale")))));
    assertThat(text("new")).isEqualTo("1");
  }

  @Test
  void theContentTypeOfATransactionIsThatOfOperationsWithoutOne() {
    var seen = new ArrayList<StateChange>();
    component.beforeChange("plain", seen::add).beforeChange("own", seen::add);
    transact(
        Map.of("contentType", "application/json", "other", "ignored"),
        operation("upsert", item("plain", "{ }")),
        operation("upsert", item("own", "text").putMetadata("contentType", "text/plain")));

    assertThat(seen.get(0).metadata()).isEqualTo(Map.of("contentType", "application/json"));
    assertThat(seen.get(1).metadata()).isEqualTo(Map.of("contentType", "text/plain"));
    // In a transaction Dapr keeps bytes as they are, whatever they are said to be.
    assertThat(text("plain")).isEqualTo("{ }");
  }

  @Test
  void theTimeToLiveHoldsInATransactionToo() {
    transact(Map.of(), operation("upsert", item("brief", "x").putMetadata("ttlInSeconds", "60")));

    assertThat(get("brief").containsMetadata("ttlExpireTime")).isTrue();
  }

  @Test
  void aValueOfTheProgramIsReadAsItsJson() {
    store.save("order", Map.of("id", 42), SaveOptions.defaults());

    assertThat(text("order")).isEqualTo("{\"id\":42}");
  }
}
