# What nvcc compiles for, unless CMAKE_CUDA_ARCHITECTURES says: the GPUs that are visible, else Hopper.  No kernel asks for more than
# mma.sync and cp.async, so 8.0 and newer will do.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(architectures 90a)
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader RESULT_VARIABLE status OUTPUT_VARIABLE visible
                  ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(status EQUAL 0 AND visible MATCHES "^[0-9]+\\.[0-9]+(\n[0-9]+\\.[0-9]+)*$")
    set(architectures)
    string(REPLACE "\n" ";" visible "${visible}")
    foreach(capability IN LISTS visible)
      if(capability VERSION_LESS 8.0)
        message(FATAL_ERROR "the CUDA part needs GPUs of compute capability 8.0 or newer, but one of ${capability} is visible; build "
                            "without it (SEPARATRIX_CUDA=0) or name what to compile for (-DCMAKE_CUDA_ARCHITECTURES=90a)")
      endif()
      string(REPLACE "." "" architecture "${capability}")
      list(APPEND architectures "${architecture}")
    endforeach()
    list(REMOVE_DUPLICATES architectures)
    string(REGEX REPLACE "(^|;)90($|;)" "\\190a\\2" architectures "${architectures}")
  endif()
  set(CMAKE_CUDA_ARCHITECTURES "${architectures}" CACHE STRING "GPU architectures")
endif()
