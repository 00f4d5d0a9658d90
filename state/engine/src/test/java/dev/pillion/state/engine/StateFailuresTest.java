// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.BuildingBlockException;
import dev.pillion.BulkException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.ReplicationException;
import dev.pillion.TransactionException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallInterceptor;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Failures reach the program with Dapr's codes and texts, and with the program's own keys. */
class StateFailuresTest {
  private static final Throwable DRIVER = new ConnectException("refused");

  private final ScriptedStore component = new ScriptedStore();
  private final List<String> seenFailing = new ArrayList<>();
  private final StateStore store = new StateEngine(
          "orders", "", new TestJson(), CallChain.of(List.of(new Watch())))
      .store("st", component, ComponentMetadata.of(Map.of()));

  private final class Watch implements CallInterceptor {
    @Override
    public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
      try {
        return next.run(call);
      } catch (RuntimeException e) {
        seenFailing.add(call.operation());
        throw e;
      }
    }
  }

  private interface Verb {
    void call(StateStore store);
  }

  private void expect(Verb verb, String code, String message) {
    component.failure = ComponentException.unavailable("no answer from db:1", DRIVER);
    var transientFailure = catchThrowableOfType(ComponentException.class, () -> verb.call(store));
    assertThat(transientFailure).hasMessage(message + "no answer from db:1").hasCause(DRIVER);
    assertThat(transientFailure.errorCode()).isEqualTo(code);
    assertThat(transientFailure.isTransient()).isTrue();

    component.failure = ComponentException.failed("disk full", null);
    var finalFailure = catchThrowableOfType(ComponentException.class, () -> verb.call(store));
    assertThat(finalFailure).hasMessage(message + "disk full").hasCause(component.failure);
    assertThat(finalFailure.isTransient()).isFalse();

    component.failure = new ReplicationException("ERR_COMPONENT", "0 of 1 replicas", true, DRIVER);
    var applied = catchThrowableOfType(ReplicationException.class, () -> verb.call(store));
    assertThat(applied).hasMessage(message + "0 of 1 replicas").hasCause(DRIVER);
    assertThat(applied.errorCode()).isEqualTo(code);
    assertThat(applied.isTransient()).isTrue();

    component.failure = new CallTimeoutException("ERR_COMPONENT", "no answer within 5 s", DRIVER);
    var timeout = catchThrowableOfType(CallTimeoutException.class, () -> verb.call(store));
    assertThat(timeout).hasMessage(message + "no answer within 5 s").hasCause(DRIVER);
    assertThat(timeout.errorCode()).isEqualTo(code);
  }

  @Test
  void get() {
    expect(s -> s.get("k1", byte[].class), "ERR_STATE_GET", "fail to get k1 from state store st: ");
    expect(
        s -> s.entry("k1", byte[].class), "ERR_STATE_GET", "fail to get k1 from state store st: ");
  }

  @Test
  void getAll() {
    expect(
        s -> s.getAll(List.of("k1"), byte[].class),
        "ERR_STATE_BULK_GET",
        "failed to get values from state store st: ");
  }

  @Test
  void oneKeyOfABulkReadFails() {
    component.failing.put("orders||k1", ComponentException.unavailable("node is down", null));
    component.stored.put("orders||k2", new byte[] {1});
    var read = store.getAll(List.of("k1", "k2"), byte[].class);
    assertThat(read.get("k2")).isPresent();
    assertThat(read.failures().keySet()).containsExactly("k1");
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> read.get("k1"))
        .withMessage("fail to get k1 from state store st: node is down");
  }

  @Test
  void save() {
    expect(s -> s.save("k1", 1), "ERR_STATE_SAVE", "failed saving state in state store st: ");
  }

  @Test
  void delete() {
    expect(s -> s.delete("k1"), "ERR_STATE_DELETE", "failed deleting state with key k1: ");
  }

  @Test
  void bulkAsAWhole() {
    expect(
        s -> s.saveAll(Map.of("k1", 1, "k2", 2)),
        "ERR_STATE_SAVE",
        "failed saving state in state store st: ");
    expect(
        s -> s.deleteAll(List.of("k1", "k2")),
        "ERR_STATE_BULK_DELETE",
        "failed deleting state in state store st: ");
  }

  @Test
  void aConditionThatDoesNotHoldNamesTheProgramsKey() {
    component.failing.put(
        "orders||k1", new EtagMismatchException("ERR_STATE_SAVE", "orders||k1", "7", null));
    var save = catchThrowableOfType(
        EtagMismatchException.class, () -> store.save("k1", 1, SaveOptions.ifMatch("7")));
    assertThat(save.key()).isEqualTo("k1");
    assertThat(save.expected()).isEqualTo("7");
    assertThat(save.errorCode()).isEqualTo("ERR_STATE_SAVE");
    assertThat(save)
        .hasMessageStartingWith("possible etag mismatch")
        .message()
        .contains("\"k1\"")
        .doesNotContain("orders||");
    component.failing.put(
        "orders||k1",
        new EtagMismatchException("ERR_STATE_DELETE", "orders||k1", "x", "must be a number"));
    var delete = catchThrowableOfType(
        EtagMismatchException.class, () -> store.delete("k1", DeleteOptions.ifMatch("x")));
    assertThat(delete.key()).isEqualTo("k1");
    assertThat(delete.malformedReason()).isEqualTo("must be a number");
    assertThat(delete.errorCode()).isEqualTo("ERR_STATE_DELETE");
    assertThat(delete)
        .hasMessageStartingWith("invalid etag value")
        .message()
        .doesNotContain("orders||");
  }

  @Test
  void someOfABulkWriteFail() {
    component.failing.put(
        "orders||a", new EtagMismatchException("ERR_STATE_SAVE", "orders||a", "7", null));
    component.failing.put("orders||c", ComponentException.unavailable("node is down", DRIVER));
    var failure = catchThrowableOfType(
        BulkException.class,
        () -> store.bulk(
            changes -> changes.save("b", 1).delete("c").save("a", 1, SaveOptions.ifMatch("7"))));
    assertThat(failure.failures().keySet()).containsExactly("c", "a");
    assertThat(failure.failures().get("c"))
        .isInstanceOf(ComponentException.class)
        .hasMessage("failed deleting state with key c: node is down");
    assertThat(failure.failures().get("a")).isInstanceOf(EtagMismatchException.class);
    assertThat(failure.errorCode()).isEqualTo("ERR_STATE_DELETE");
    assertThat(failure)
        .hasMessageStartingWith(
            "2 of 3 changes in state store \"st\" failed, the others are applied; failed [c, a]")
        .message()
        .doesNotContain("orders||");
    assertThat(component.stored).containsOnlyKeys("orders||b");
    assertThat(seenFailing).as("interceptors see the failure").containsExactly("bulk");
  }

  @Test
  void ofAKeyThatFailsTwiceTheFirstFailureStands() {
    component.failing.put("orders||a", ComponentException.unavailable("down", DRIVER));
    var failure = catchThrowableOfType(
        BulkException.class, () -> store.bulk(changes -> changes.save("a", 1).delete("a")));
    assertThat(failure.failures()).hasSize(1);
    assertThat(failure.failures().get("a").errorCode()).isEqualTo("ERR_STATE_SAVE");
    assertThat(failure).hasMessageStartingWith("2 of 2 changes");
  }

  @Test
  void aTransactionThatIsRefused() {
    component.failing.put(
        "orders||k2", new EtagMismatchException("ERR_STATE_SAVE", "orders||k2", "7", null));
    var refused = catchThrowableOfType(
        TransactionException.class,
        () -> store.transaction(
            tx -> tx.save("k1", 1).save("k2", 1, SaveOptions.ifMatch("7")).delete("k3")));
    assertThat(refused.errorCode()).isEqualTo("ERR_STATE_TRANSACTION");
    assertThat(refused)
        .hasMessageStartingWith("error while executing state transaction: possible etag mismatch")
        .message()
        .contains("\"k2\"")
        .doesNotContain("orders||");
    assertThat(refused.getCause())
        .isInstanceOfSatisfying(
            EtagMismatchException.class, e -> assertThat(e.key()).isEqualTo("k2"));
  }

  @Test
  void aTransactionWhoseStoreFails() {
    component.failure = ComponentException.unavailable("no answer", DRIVER);
    var failure = catchThrowableOfType(
        TransactionException.class, () -> store.transaction(tx -> tx.save("k1", 1)));
    assertThat(failure).hasMessage("error while executing state transaction: no answer");
    assertThat(failure.getCause())
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isTrue());

    component.failure = new CallTimeoutException("ERR_COMPONENT", "no answer in 5 s", DRIVER);
    var timeout = catchThrowableOfType(
        CallTimeoutException.class, () -> store.transaction(tx -> tx.save("k1", 1)));
    assertThat(timeout).hasMessage("error while executing state transaction: no answer in 5 s");
    assertThat(timeout.errorCode()).isEqualTo("ERR_STATE_TRANSACTION");

    component.failure = new ReplicationException("ERR_COMPONENT", "0 of 1 replicas", false, DRIVER);
    var applied = catchThrowableOfType(
        ReplicationException.class, () -> store.transaction(tx -> tx.save("k1", 1)));
    assertThat(applied).hasMessage("error while executing state transaction: 0 of 1 replicas");
    assertThat(applied.errorCode()).isEqualTo("ERR_STATE_TRANSACTION");

    component.failure = new TransactionException("ERR_STATE_TRANSACTION", "keys span slots", null);
    assertThatExceptionOfType(TransactionException.class)
        .isThrownBy(() -> store.transaction(tx -> tx.save("k1", 1)))
        .isSameAs(component.failure);
  }

  @Test
  void aTransactionThatIsTooLong() {
    component.maxTransactionSize = 2;
    store.transaction(tx -> tx.save("k1", 1).save("k2", 1));
    var refused = catchThrowableOfType(
        TransactionException.class,
        () -> store.transaction(tx -> tx.save("k1", 1).save("k2", 1).save("k3", 1)));
    assertThat(refused)
        .hasMessage(
            "the transaction contains 3 operations, which is more than what the state store supports: 2");
    assertThat(refused.errorCode()).isEqualTo("ERR_STATE_STORE_TOO_MANY_TRANSACTIONS");
    assertThat(component.given).hasSize(2);
  }

  @Test
  void aStoreWithoutTransactions() {
    var simple = new StateEngine("orders", "", new TestJson(), CallChain.of(List.of()))
        .store("st", new Simple(), ComponentMetadata.of(Map.of()));
    var refused = catchThrowableOfType(
        TransactionException.class, () -> simple.transaction(tx -> tx.save("k1", 1)));
    assertThat(refused).hasMessage("state store st doesn't support transactions");
    assertThat(refused.errorCode()).isEqualTo("ERR_STATE_STORE_NOT_SUPPORTED");
  }

  private static final class Simple implements StateStoreComponent {
    @Override
    public void open(ComponentContext context) {}

    @Override
    public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
      return Optional.empty();
    }

    @Override
    public void apply(StateChange change, Deadline deadline) {}

    @Override
    public void close() {}
  }

  @Test
  void unknownPositionsOfFailuresKeepTheOrderOfTheRequest() {
    // A native bulk write may answer in any order.
    var failures = new LinkedHashMap<Integer, BuildingBlockException>();
    failures.put(1, ComponentException.failed("second", null));
    failures.put(0, ComponentException.failed("first", null));
    var list = new ChangeList(
        KeyPrefix.of("st", "orders", "", ComponentMetadata.of(Map.of())),
        new Values(new TestJson(), null, false, Integer.MAX_VALUE),
        false);
    list.save("a", 1).save("b", 1);
    assertThat(new StateFailures("st").some(list, failures).failures().keySet())
        .containsExactly("a", "b");
  }
}
