// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static dev.pillion.polyglot.Sdk.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import io.dapr.client.DaprClient;
import io.dapr.client.DaprPreviewClient;
import io.dapr.client.domain.ComponentMetadata;
import io.dapr.client.domain.State;
import io.dapr.client.domain.TransactionalStateOperation;
import io.dapr.client.domain.TransactionalStateOperation.OperationType;
import io.dapr.config.Properties;
import io.dapr.exceptions.DaprErrorDetails.ErrorDetailType;
import io.dapr.exceptions.DaprException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** What does not depend on the store: errors before it is asked, metadata, token, shutdown. */
class JavaSdkApiIT {
  private static PolyglotHost host;
  private static DaprClient client;
  private static DaprPreviewClient preview;

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

  /** Each state operation that the SDK has. */
  private static Map<String, Mono<?>> everyCall(DaprClient client, String store, String key) {
    var calls = new TreeMap<String, Mono<?>>();
    calls.put("save", client.saveState(store, key, "v"));
    calls.put(
        "bulk save",
        client.saveBulkState(
            store, List.of(new State<>("fine", "v", (String) null), new State<>(key, "v", (String)
                null))));
    calls.put("get", client.getState(store, key, String.class));
    calls.put("bulk get", client.getBulkState(store, List.of("fine", key), String.class));
    calls.put("delete", client.deleteState(store, key));
    calls.put(
        "transaction",
        client.executeStateTransaction(
            store,
            List.of(new TransactionalStateOperation<>(
                OperationType.UPSERT, new State<>(key, "v", (String) null)))));
    return calls;
  }

  /** Run twice: a program that imports the SDK's BOM has the older one. */
  @Test
  void theProtobufIsTheOneThatThisRunIsAbout() {
    assertThat(Message.class.getProtectionDomain().getCodeSource().getLocation().getPath())
        .contains("/protobuf-java-" + System.getProperty("protobuf", "4."));
  }

  @Test
  void namesAStoreThatThereIsNot() {
    var calls = new ArrayList<>(everyCall(client, "nowhere", "k").values());
    calls.add(preview.queryState("nowhere", "{}", String.class));
    assertThat(calls).allSatisfy(call -> failure(call)
        .has("INVALID_ARGUMENT", "state store nowhere is not found")
        .hasReason("DAPR_STATE_NOT_FOUND")
        .hasNo(ErrorDetailType.RESOURCE_INFO, "resourceName"));
  }

  @Test
  void saysThatThereIsNoStoreAtAll() throws Exception {
    try (var bare = Sdk.clientOn(host.description().barePort())) {
      assertThat(everyCall(bare, "memory", "k").values()).allSatisfy(call -> failure(call)
          .has("FAILED_PRECONDITION", "state store memory is not configured")
          .hasReason("DAPR_STATE_NOT_CONFIGURED"));
    }
  }

  @Test
  void refusesAnIllegalKey() {
    assertThat(everyCall(client, "memory", "a||b").values()).allSatisfy(call -> failure(call)
        .has("INVALID_ARGUMENT", "input key/keyPrefix 'a||b' can't contain '||'")
        .hasReason("DAPR_STATE_ILLEGAL_KEY")
        .hasResource("memory"));
  }

  @Test
  void saysThatAStoreHasNoTransactions() {
    failure(everyCall(client, PolyglotHost.PLAIN_STORE, "k").get("transaction"))
        .has("UNIMPLEMENTED", "state store plain doesn't support transactions")
        .hasReason("DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED")
        .hasResource(PolyglotHost.PLAIN_STORE);
  }

  @Test
  void answersForOtherBlocksThatTheyAreNotImplemented() {
    failure(client.getSecret("secrets", "key")).has("UNIMPLEMENTED", "");
  }

  @Test
  void refusesToPublishToAPubSubThatIsNotThere() {
    failure(client.publishEvent("missing", "topic", "event"))
        .has("INVALID_ARGUMENT", "pubsub missing is not found")
        .hasReason("DAPR_PUBSUB_NOT_FOUND");
  }

  @Test
  void describesTheRuntime() {
    var metadata = client.getMetadata().block();
    assertThat(metadata.getId()).isEqualTo("polyglot");
    assertThat(metadata.getRuntimeVersion()).isNotEmpty();
    assertThat(metadata.getAttributes()).containsKey("daprRuntimeVersion");
    assertThat(metadata.getActors()).isEmpty();
    assertThat(metadata.getSubscriptions()).isEmpty();
    assertThat(metadata.getComponents())
        .extracting(ComponentMetadata::getName)
        .containsAll(host.description().stores())
        .contains(PolyglotHost.PLAIN_STORE, "pubsub")
        .hasSize(host.description().stores().size() + 2);
    assertThat(metadata.getComponents())
        .filteredOn(component -> !component.getName().equals("pubsub"))
        .allSatisfy(component -> assertThat(component.getCapabilities().contains("TRANSACTIONAL"))
            .isEqualTo(!component.getName().equals(PolyglotHost.PLAIN_STORE)));
  }

  @Test
  void asksForTheToken() throws Exception {
    var port = host.description().tokenPort();
    for (String token : new String[] {"", "another"}) {
      try (var refused =
          Sdk.builderOn(port).withPropertyOverride(Properties.API_TOKEN, token).build()) {
        failure(refused.getState("memory", "k", String.class))
            .has("UNAUTHENTICATED", "Unauthorized")
            .hasReason("Unauthorized");
      }
    }
    try (var allowed = Sdk.builderOn(port)
        .withPropertyOverride(Properties.API_TOKEN, PolyglotHost.TOKEN)
        .build()) {
      assertThat(allowed.getState("memory", "k", String.class).block().getValue())
          .isNull();
    }
  }

  /** Dapr serves health over HTTP alone, and the facade is gRPC alone. */
  @Test
  void waitingForTheSidecarEndsInATimeout() throws Exception {
    var port = host.description().port();
    try (var waiting = Sdk.builderOn(port)
        .withPropertyOverride(Properties.HTTP_ENDPOINT, "http://127.0.0.1:" + port)
        .build()) {
      assertThatThrownBy(() -> waiting.waitForSidecar(300).block())
          .hasCauseInstanceOf(TimeoutException.class);
    }
  }

  @Test
  void shutsTheRuntimeDown() throws Exception {
    try (var mortal = Sdk.clientOn(host.description().shutdownPorts().get("java"))) {
      mortal.saveState("memory", "k", "v").block();
      mortal.shutdown().block();
      var deadline = Instant.now().plusSeconds(10);
      while (!isGone(mortal)) {
        assertThat(Instant.now()).as("still there").isBefore(deadline);
      }
    }
  }

  private static boolean isGone(DaprClient client) {
    try {
      client.getState("memory", "k", String.class).block();
      return false;
    } catch (DaprException e) {
      return e.getErrorCode().equals("UNAVAILABLE");
    }
  }
}
