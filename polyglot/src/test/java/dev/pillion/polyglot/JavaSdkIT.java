// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static dev.pillion.polyglot.Sdk.failure;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.runtime.EmbeddedRuntime;
import io.dapr.client.DaprClient;
import io.dapr.client.DaprPreviewClient;
import io.dapr.client.domain.DeleteStateRequest;
import io.dapr.client.domain.ExecuteStateTransactionRequest;
import io.dapr.client.domain.GetBulkStateRequest;
import io.dapr.client.domain.GetStateRequest;
import io.dapr.client.domain.QueryStateRequest;
import io.dapr.client.domain.SaveStateRequest;
import io.dapr.client.domain.State;
import io.dapr.client.domain.StateOptions;
import io.dapr.client.domain.StateOptions.Concurrency;
import io.dapr.client.domain.StateOptions.Consistency;
import io.dapr.client.domain.TransactionalStateOperation;
import io.dapr.client.domain.TransactionalStateOperation.OperationType;
import io.dapr.client.domain.query.Query;
import io.dapr.client.domain.query.filters.EqFilter;
import io.dapr.exceptions.DaprErrorDetails.ErrorDetailType;
import io.dapr.utils.TypeRef;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

/** Every state operation of the SDK, on every store, in the JVM that the facade runs in. */
class JavaSdkIT {
  private static final StateOptions FIRST_WRITE = new StateOptions(null, Concurrency.FIRST_WRITE);
  private static final StateOptions LAST_WRITE = new StateOptions(null, Concurrency.LAST_WRITE);
  private static final StateOptions NO_OPTIONS = null;
  private static final String NO_ETAG = null;
  private static final String JSON = "application/json";
  private static final String AS_SENT = """
      {"customer":"Ådne","lines":[{"count":2,"item":"book"}],"paid":true,"total":990}""";

  /** PostgreSQL's column of v1 keeps no white space and no order. */
  private static final String AS_JSONB = """
      {"paid": true, "lines": [{"item": "book", "count": 2}], "total": 990, "customer": "Ådne"}""";

  private static PolyglotHost host;
  private static DaprClient client;
  private static DaprPreviewClient preview;

  private final String prefix = "java-" + UUID.randomUUID() + "-";

  @BeforeAll
  static void start() {
    host = PolyglotHost.start();
    client = Sdk.clientOn(host.description().port());
    preview = Sdk.builderOn(host.description().port()).buildPreviewClient();
  }

  @AfterAll
  static void close() throws Exception {
    client.close();
    preview.close();
    host.close();
  }

  static List<String> stores() {
    return host.description().stores();
  }

  @ParameterizedTest
  @MethodSource("stores")
  void savesAndReadsValuesOfEachKind(String store) {
    save(store, "order", order());
    save(store, "text", "Grüße, 世界 🌍");
    save(store, "number", 42);
    save(store, "list", List.of(1, 2, 3));
    saveAsIs(store, "bytes", new byte[] {0, 1, (byte) 0xff, '"'});

    assertThat(read(store, "order", Order.class)).isEqualTo(order());
    assertThat(read(store, "text", String.class)).isEqualTo("Grüße, 世界 🌍");
    assertThat(read(store, "number", Integer.class)).isEqualTo(42);
    assertThat(client
            .getState(store, key("list"), new TypeRef<List<Integer>>() {})
            .block()
            .getValue())
        .containsExactly(1, 2, 3);
    assertThat(read(store, "bytes", byte[].class)).containsExactly(0, 1, 0xff, '"');
    assertThat(state(store, "order").getKey()).isEqualTo(key("order"));
    assertThat(state(store, "order").getEtag()).isNotEmpty();
    assertThat(state(store, "order").getMetadata()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("stores")
  void storesWhatTheRuntimeReadsByteForByteAndTheReverse(String store) {
    var typed = runtime().state(store);
    save(store, "order", order());
    assertThat(typed.get(key("order"), Order.class)).contains(order());
    assertThat(typed.get(key("order"), byte[].class).orElseThrow())
        .asString(UTF_8)
        .isEqualTo(store.equals("postgres-v1") ? AS_JSONB : AS_SENT);
    assertThat(typed.entry(key("order"), Order.class).orElseThrow().etag())
        .isEqualTo(state(store, "order").getEtag());

    saveAsIs(store, "as is", order());
    assertThat(typed.get(key("as is"), byte[].class).orElseThrow())
        .asString(UTF_8)
        .isEqualTo(AS_SENT);
    var bytes = new byte[] {0, (byte) 0x80, '{'};
    saveAsIs(store, "no json", bytes);
    assertThat(typed.get(key("no json"), byte[].class)).hasValue(bytes);

    typed.save(key("reverse"), order());
    typed.save(key("bytes"), new byte[] {0, (byte) 0x80});
    assertThat(read(store, "reverse", Order.class)).isEqualTo(order());
    assertThat(read(store, "bytes", byte[].class)).containsExactly(0, 0x80);
  }

  @ParameterizedTest
  @MethodSource("stores")
  void readsAMissingKeyAsNothing(String store) {
    assertMissing(store, "nothing");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void tellsAKeyWithoutAValueFromAMissingOne(String store) {
    save(store, "null", null);
    saveAsIs(store, "empty", new byte[0]);
    for (String name : List.of("null", "empty")) {
      assertThat(state(store, name).getEtag()).isNotEmpty();
      assertThat(runtime().state(store).get(key(name), byte[].class)).hasValue(new byte[0]);
      client.deleteState(store, key(name)).block();
      assertMissing(store, name);
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void readsByEachOverload(String store) {
    save(store, "k", "v");
    var options = new StateOptions(Consistency.STRONG, null);
    var request = new GetStateRequest(store, key("k"))
        .setStateOptions(new StateOptions(Consistency.EVENTUAL, null))
        .setMetadata(Map.of("any", "thing"));
    var known = new State<String>(key("k"));
    assertThat(Stream.of(
            client.getState(store, key("k"), String.class),
            client.getState(store, key("k"), TypeRef.STRING),
            client.getState(store, key("k"), options, String.class),
            client.getState(store, key("k"), options, TypeRef.STRING),
            client.getState(store, known, String.class),
            client.getState(store, known, TypeRef.STRING),
            client.getState(request, TypeRef.STRING)))
        .allSatisfy(call -> assertThat(call.block().getValue()).isEqualTo("v"));
  }

  @ParameterizedTest
  @MethodSource("stores")
  void savesUnderAnEtag(String store) {
    save(store, "k", "one");
    var first = state(store, "k").getEtag();
    client.saveState(store, key("k"), first, "two", NO_OPTIONS).block();
    assertThat(state(store, "k").getEtag()).isNotEqualTo(first);
    failure(client.saveState(store, key("k"), first, "three", NO_OPTIONS))
        .has("ABORTED", "")
        .hasReason("ERR_STATE_SAVE")
        .hasNo(ErrorDetailType.RESOURCE_INFO, "resourceName");
    failure(client.saveState(store, key("k"), first, "three", FIRST_WRITE)).has("ABORTED", "");
    assertThat(read(store, "k", String.class)).isEqualTo("two");
    client.saveState(store, key("k"), first, "four", LAST_WRITE).block();
    assertThat(read(store, "k", String.class)).isEqualTo("four");
    failure(client.saveState(store, key("missing"), first, "v", NO_OPTIONS)).has("ABORTED", "");
    assertMissing(store, "missing");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void refusesAnEtagThatIsNone(String store) {
    var numbers = List.of("redis", "postgres-v1").contains(store);
    save(store, "k", "v");
    failure(client.saveState(store, key("k"), "no etag at all", "w", NO_OPTIONS))
        .has(numbers ? "INVALID_ARGUMENT" : "ABORTED", "")
        .hasReason("ERR_STATE_SAVE");
    assertThat(read(store, "k", String.class)).isEqualTo("v");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void savesFirstWriteOnce(String store) {
    for (Consistency consistency : Consistency.values()) {
      var options = new StateOptions(consistency, Concurrency.FIRST_WRITE);
      var key = key(consistency.name());
      client.saveState(store, key, NO_ETAG, "one", options).block();
      failure(client.saveState(store, key, NO_ETAG, "two", options))
          .has("ABORTED", "")
          .hasReason("ERR_STATE_SAVE");
      assertThat(read(store, consistency.name(), String.class)).isEqualTo("one");
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void savesForATime(String store) {
    saveFor(store, "long", "3600");
    if (!store.equals("redis")) {
      var at = Instant.parse(state(store, "long").getMetadata().get("ttlExpireTime"));
      assertThat(Duration.between(Instant.now(), at))
          .isCloseTo(Duration.ofHours(1), Duration.ofMinutes(1));
    }
    save(store, "long", "kept");
    assertThat(state(store, "long").getMetadata()).isEmpty();
    failure(client.saveState(
            store, key("bad"), NO_ETAG, "v", Map.of("ttlInSeconds", "soon"), NO_OPTIONS))
        .has("INVALID_ARGUMENT", "")
        .hasReason("ERR_STATE_SAVE");
    assertMissing(store, "bad");

    saveFor(store, "short", "1");
    assertThat(read(store, "short", String.class)).isEqualTo("v");
    var deadline = Instant.now().plusSeconds(10);
    while (state(store, "short").getEtag() != null) {
      assertThat(Instant.now()).as("a value for one second is still there").isBefore(deadline);
    }
    assertMissing(store, "short");
  }

  private void saveFor(String store, String name, String seconds) {
    client
        .saveState(store, key(name), NO_ETAG, "v", Map.of("ttlInSeconds", seconds), NO_OPTIONS)
        .block();
  }

  @ParameterizedTest
  @MethodSource("stores")
  void savesAsJsonWhatIsMarkedSo(String store) {
    var marked = Map.of("contentType", JSON);
    client.saveState(store, key("k"), NO_ETAG, order(), marked, NO_OPTIONS).block();
    assertThat(read(store, "k", Order.class)).isEqualTo(order());
    failure(client.saveState(store, key("bad"), NO_ETAG, "{".getBytes(UTF_8), marked, NO_OPTIONS))
        .has("UNKNOWN", "")
        .hasNo(ErrorDetailType.ERROR_INFO, "reason");
    // The SDK marks what is saved alone, bytes too.
    failure(client.saveState(store, key("bad"), "{".getBytes(UTF_8))).has("UNKNOWN", "");
    assertMissing(store, "bad");
    var unmarked = Map.of("contentType", "application/octet-stream");
    client
        .saveState(store, key("k"), NO_ETAG, "{".getBytes(UTF_8), unmarked, NO_OPTIONS)
        .block();
    assertThat(read(store, "k", byte[].class)).containsExactly('{');
  }

  @ParameterizedTest
  @MethodSource("stores")
  void savesManyEachByItself(String store) {
    save(store, "b", "old");
    var etag = state(store, "b").getEtag();
    client
        .saveBulkState(
            store,
            List.of(
                new State<>(key("a"), "one", NO_ETAG),
                new State<>(key("b"), "two", etag, FIRST_WRITE),
                new State<>(
                    key("c"), order(), NO_ETAG, Map.of("ttlInSeconds", "3600"), NO_OPTIONS)))
        .block();
    assertThat(read(store, "a", String.class)).isEqualTo("one");
    assertThat(read(store, "b", String.class)).isEqualTo("two");
    assertThat(read(store, "c", Order.class)).isEqualTo(order());

    var request = new SaveStateRequest(store)
        .setStates(new State<>(key("a"), "three", NO_ETAG), new State<>(key("b"), "four", etag));
    failure(client.saveBulkState(request)).has("ABORTED", "").hasReason("ERR_STATE_SAVE");
    assertThat(read(store, "a", String.class)).isEqualTo("three");
    assertThat(read(store, "b", String.class)).isEqualTo("two");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void readsMany(String store) {
    save(store, "a", "one");
    save(store, "b", "two");
    var keys = List.of(key("b"), key("missing"), key("a"));
    var request =
        new GetBulkStateRequest(store, keys).setParallelism(1).setMetadata(Map.of("any", "thing"));
    for (var call : List.of(
        client.getBulkState(store, keys, String.class),
        client.getBulkState(store, keys, TypeRef.STRING),
        client.getBulkState(request, TypeRef.STRING))) {
      Map<String, State<String>> found =
          call.block().stream().collect(Collectors.toMap(State::getKey, state -> state));
      assertThat(found).containsOnlyKeys(keys);
      assertThat(found.values()).extracting(State::getError).containsOnlyNulls();
      assertThat(found.get(key("a")).getValue()).isEqualTo("one");
      assertThat(found.get(key("a")).getEtag()).isEqualTo(state(store, "a").getEtag());
      assertThat(found.get(key("b")).getValue()).isEqualTo("two");
      assertThat(found.get(key("missing")).getValue()).isNull();
      assertThat(found.get(key("missing")).getEtag()).isNull();
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void deletes(String store) {
    save(store, "k", "v");
    client.deleteState(store, key("k")).block();
    assertMissing(store, "k");
    client.deleteState(store, key("k")).block();
  }

  @ParameterizedTest
  @MethodSource("stores")
  void deletesUnderAnEtag(String store) {
    save(store, "k", "one");
    var first = state(store, "k").getEtag();
    save(store, "k", "two");
    for (StateOptions options : new StateOptions[] {NO_OPTIONS, FIRST_WRITE}) {
      failure(client.deleteState(store, key("k"), first, options))
          .has("ABORTED", "")
          .hasReason("ERR_STATE_DELETE");
    }
    assertThat(read(store, "k", String.class)).isEqualTo("two");
    var request = new DeleteStateRequest(store, key("k"))
        .setEtag(state(store, "k").getEtag())
        .setStateOptions(new StateOptions(Consistency.STRONG, Concurrency.FIRST_WRITE))
        .setMetadata(Map.of("any", "thing"));
    client.deleteState(request).block();
    assertMissing(store, "k");
    failure(client.deleteState(store, key("k"), first, NO_OPTIONS)).has("ABORTED", "");
    save(store, "k", "three");
    client.deleteState(store, key("k"), first, LAST_WRITE).block();
    assertMissing(store, "k");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void changesManyKeysAllOrNone(String store) {
    save(store, "a", "one");
    save(store, "b", "one");
    var stale = state(store, "a").getEtag();
    client
        .executeStateTransaction(
            store,
            List.of(
                upsert(new State<>(key("a"), "two", stale)),
                delete(new State<String>(key("b"))),
                upsert(new State<>(
                    key("c"), order(), NO_ETAG, Map.of("ttlInSeconds", "3600"), NO_OPTIONS))))
        .block();
    assertThat(read(store, "a", String.class)).isEqualTo("two");
    assertMissing(store, "b");
    assertThat(read(store, "c", Order.class)).isEqualTo(order());

    var request = new ExecuteStateTransactionRequest(store)
        .setMetadata(Map.of("contentType", JSON))
        .setOperations(List.of(
            upsert(new State<>(key("b"), "three", NO_ETAG)),
            delete(new State<String>(key("a"), stale, FIRST_WRITE))));
    failure(client.executeStateTransaction(request))
        .has("INTERNAL", "")
        .hasReason("ERR_STATE_TRANSACTION");
    assertThat(read(store, "a", String.class)).isEqualTo("two");
    assertMissing(store, "b");
  }

  private static <T> TransactionalStateOperation<T> upsert(State<T> state) {
    return new TransactionalStateOperation<>(OperationType.UPSERT, state);
  }

  private static <T> TransactionalStateOperation<T> delete(State<T> state) {
    return new TransactionalStateOperation<>(OperationType.DELETE, state);
  }

  @ParameterizedTest
  @MethodSource("stores")
  void answersAQueryAsAStoreThatHasNone(String store) {
    var request = new QueryStateRequest(store).setQueryString("{}").setMetadata(Map.of("a", "b"));
    var query = new Query().setFilter(new EqFilter<>("paid", true));
    var calls = new ArrayList<Mono<?>>(List.of(
        preview.queryState(store, "{}", String.class),
        preview.queryState(store, query, String.class),
        preview.queryState(request, String.class)));
    for (var call : calls) {
      failure(call)
          .has("INTERNAL", "state store does not support querying")
          .hasReason("DAPR_STATE_QUERYING_NOT_SUPPORTED")
          .hasResource(store);
    }
  }

  private static EmbeddedRuntime runtime() {
    return host.runtime();
  }

  private static Order order() {
    return new Order("Ådne", List.of(new Order.Line(2, "book")), true, 990);
  }

  private String key(String name) {
    return prefix + name;
  }

  private void save(String store, String name, Object value) {
    client.saveState(store, key(name), value).block();
  }

  /** Unlike {@code saveState}, which marks every value as JSON. */
  private void saveAsIs(String store, String name, Object value) {
    client.saveBulkState(store, List.of(new State<>(key(name), value, NO_ETAG))).block();
  }

  private <T> T read(String store, String name, Class<T> type) {
    return client.getState(store, key(name), type).block().getValue();
  }

  private State<byte[]> state(String store, String name) {
    return client.getState(store, key(name), byte[].class).block();
  }

  private void assertMissing(String store, String name) {
    var state = client.getState(store, key(name), String.class).block();
    assertThat(state.getValue()).isNull();
    assertThat(state.getEtag()).isNull();
    assertThat(state.getMetadata()).isEmpty();
    assertThat(runtime().state(store).entry(key(name), byte[].class)).isEmpty();
  }
}
