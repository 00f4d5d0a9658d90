// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dapr.client.DaprClient;
import io.dapr.client.domain.State;
import io.dapr.client.domain.StateOptions;
import io.dapr.exceptions.DaprException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A Java program with the Dapr SDK: {@code SdkPeer leave FIXTURES}, {@code relay PREVIOUS},
 * {@code take FIXTURES PEERS}, with the host's line as POLYGLOT_HOST.
 */
final class SdkPeer implements Peer {
  private final DaprClient client;

  SdkPeer(DaprClient client) {
    this.client = client;
  }

  @Override
  public String name() {
    return "java";
  }

  @Override
  public void save(String store, String key, Object value, Map<String, String> metadata) {
    save(store, new State<>(key, value, null, metadata, null));
  }

  @Override
  public void saveIf(String store, String key, byte[] value, String etag) {
    var options = new StateOptions(null, StateOptions.Concurrency.FIRST_WRITE);
    save(store, new State<>(key, value, etag.isEmpty() ? null : etag, options));
  }

  /** In bulk: {@code saveState} marks every value as JSON, and not every fixture is. */
  private void save(String store, State<?> state) {
    client.saveBulkState(store, List.of(state)).block();
  }

  @Override
  public Optional<Seen> read(String store, String key) {
    State<byte[]> state = client.getState(store, key, byte[].class).block();
    return state == null || state.getEtag() == null || state.getEtag().isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Seen(state.getValue() == null ? new byte[0] : state.getValue(), state.getEtag()));
  }

  @Override
  public Order readOrder(String store, String key) {
    return client.getState(store, key, Order.class).block().getValue();
  }

  @Override
  public boolean isMismatch(RuntimeException failure) {
    return failure instanceof DaprException refused && refused.getErrorCode().equals("ABORTED");
  }

  public static void main(String[] args) throws Exception {
    var host = JsonMapper.builder()
        .build()
        .readValue(System.getenv("POLYGLOT_HOST"), PolyglotHost.Description.class);
    try (var client = Sdk.clientOn(host.port())) {
      System.out.println(PolyglotHost.obey(new SdkPeer(client), host.stores(), args));
    }
  }
}
