# SPDX-License-Identifier: Apache-2.0
# cmake -D BUILD=… -D SOURCE=… -D GENERATOR=… -D C_COMPILER=… -D CXX_COMPILER=… -P check.cmake: installs BUILD into a
# temporary prefix, builds the project in SOURCE against it from a place outside, and compares what it prints.
string(RANDOM LENGTH 12 name)
set(work ${BUILD}/consumer-${name})

function(step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    file(REMOVE_RECURSE ${work})
    string(JOIN " " command ${ARGN})
    message(FATAL_ERROR "${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(flags "")
if(SANITIZE)
  set(flags -fsanitize=${SANITIZE})
endif()
step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/prefix)
step(${CMAKE_COMMAND} -S ${SOURCE} -B ${work}/build -G ${GENERATOR} -D CMAKE_BUILD_TYPE=Release
     -D CMAKE_PREFIX_PATH=${work}/prefix -D CMAKE_C_COMPILER=${C_COMPILER} -D CMAKE_CXX_COMPILER=${CXX_COMPILER}
     -D CMAKE_CXX_FLAGS=${flags})
step(${CMAKE_COMMAND} --build ${work}/build)
step(${work}/build/consumer)
file(REMOVE_RECURSE ${work})

# Random123, kat_vectors, philox4x32 10: counter 0, key 0.
if(NOT output STREQUAL "6627e8d5 e169c58d bc57ac4c 9b00dbd8\n")
  message(FATAL_ERROR "the consumer printed ${output}")
endif()
