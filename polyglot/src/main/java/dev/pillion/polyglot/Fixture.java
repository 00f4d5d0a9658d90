// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * One value that every language saves and every other one reads.
 *
 * @param value a {@code byte[]}, or an {@link Order} for the language's own serializer
 * @param json the text of the order without white space, or empty
 * @param metadata what the save carries
 * @param onlyBytes when only a language that can save bytes saves it
 */
record Fixture(
    String name, Object value, String json, Map<String, String> metadata, boolean onlyBytes) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  static List<Fixture> all(Path file) throws IOException {
    return StreamSupport.stream(JSON.readTree(file.toFile()).spliterator(), false)
        .map(Fixture::of)
        .toList();
  }

  private static Fixture of(JsonNode node) {
    var metadata = new LinkedHashMap<String, String>();
    node.path("metadata")
        .properties()
        .forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
    var json = node.path("json");
    return new Fixture(
        node.path("name").asText(),
        json.isMissingNode() ? bytes(node) : order(json),
        json.isMissingNode() ? "" : json.toString(),
        metadata,
        node.has("base64"));
  }

  private static byte[] bytes(JsonNode node) {
    return node.has("base64")
        ? Base64.getDecoder().decode(node.path("base64").asText())
        : node.path("text").asText().repeat(node.path("times").asInt(1)).getBytes(UTF_8);
  }

  private static Order order(JsonNode json) {
    try {
      return JSON.treeToValue(json, Order.class);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Fails unless these bytes are what {@code peer} saved: byte for byte, or equal JSON. */
  void check(String peer, byte[] found) throws IOException {
    // The runtime itself saves an order as JSON, as the content type lets the facade do.
    var asJson = !metadata.isEmpty() || peer.equals(RuntimePeer.NAME);
    var same = json.isEmpty()
        ? Arrays.equals((byte[]) value, found)
        : asJson
            ? JSON.readTree(json).equals(JSON.readTree(found))
            : Arrays.equals(json.getBytes(UTF_8), found);
    if (!same) {
      throw new AssertionError("other bytes than were saved: " + shown(found));
    }
  }

  private static String shown(byte[] bytes) {
    var text = new String(bytes, 0, Math.min(bytes.length, 200), UTF_8);
    return bytes.length + " bytes, " + text;
  }
}
