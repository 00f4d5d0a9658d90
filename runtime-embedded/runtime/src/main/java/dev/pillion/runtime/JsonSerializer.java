// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.pillion.SerializationException;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * JSON by Jackson: {@code java.time} as ISO texts, unknown properties ignored, never a type name
 * from the data. Thread-safe.
 */
public final class JsonSerializer implements Serializer {
  private final ObjectMapper mapper;

  /** The default mapper. */
  public JsonSerializer() {
    this(JsonMapper.builder(JsonFactory.builder()
            .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
            .build())
        .addModule(new JavaTimeModule())
        .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
        .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .build());
  }

  /** The application's own mapper, used as it is. */
  public JsonSerializer(ObjectMapper mapper) {
    this.mapper = mapper;
  }

  @Override
  public byte[] serialize(Object value) {
    try {
      return mapper.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new SerializationException(
          "a %s can't be written as JSON%s"
              .formatted(value.getClass().getName(), JsonProblem.place(e)),
          e);
    }
  }

  @Override
  public <T> @Nullable T deserialize(byte[] bytes, TypeRef<T> type) {
    try (var parser = mapper.createParser(bytes)) {
      return read(parser, type);
    } catch (IOException e) {
      throw unreadable(type, e);
    }
  }

  /** Asked while the parser still knows what it stands at. */
  private <T> @Nullable T read(JsonParser parser, TypeRef<T> type) {
    try {
      return mapper.readValue(parser, mapper.constructType(type.type()));
    } catch (IOException e) {
      throw unreadable(type, e);
    }
  }

  private static SerializationException unreadable(TypeRef<?> type, IOException e) {
    return new SerializationException(
        "the JSON can't be read as %s%s".formatted(type, JsonProblem.of(e)), null);
  }

  @Override
  public String contentType() {
    return "application/json";
  }
}
