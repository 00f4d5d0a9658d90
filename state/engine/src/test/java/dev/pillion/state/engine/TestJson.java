// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.pillion.SerializationException;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import java.io.IOException;

/** JSON by Jackson, as the runtime's own serializer does it. */
final class TestJson implements Serializer {
  private final ObjectMapper mapper = new JsonMapper();

  @Override
  public byte[] serialize(Object value) {
    try {
      return mapper.writeValueAsBytes(value);
    } catch (IOException e) {
      throw new SerializationException("can't be written", null);
    }
  }

  @Override
  public <T> T deserialize(byte[] bytes, TypeRef<T> type) {
    try {
      return mapper.readValue(bytes, mapper.constructType(type.type()));
    } catch (IOException e) {
      throw new SerializationException("the JSON can't be read as " + type, null);
    }
  }

  @Override
  public String contentType() {
    return "application/json";
  }
}
